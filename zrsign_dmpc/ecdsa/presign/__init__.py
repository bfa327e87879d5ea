"""Presigning (CGGMP24, Fig. 8 and 9): all of a signature that does not depend on the message."""

from zrsign_dmpc.ecdsa.presign.presignature import Presignature, PublicPresignature
from zrsign_dmpc.ecdsa.presign.protocol import presign_execution, start_presign
from zrsign_dmpc.ecdsa.presign.setup import PresignSetup

__all__ = [
    "PresignSetup",
    "Presignature",
    "PublicPresignature",
    "presign_execution",
    "start_presign",
]
