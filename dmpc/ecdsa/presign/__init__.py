"""Presigning (CGGMP24, Fig. 8 and 9): all of a signature that does not depend on the message."""

from dmpc.ecdsa.presign.presignature import Presignature, PublicPresignature
from dmpc.ecdsa.presign.protocol import presign_execution, start_presign
from dmpc.ecdsa.presign.setup import PresignSetup

__all__ = [
    "PresignSetup",
    "Presignature",
    "PublicPresignature",
    "presign_execution",
    "start_presign",
]
