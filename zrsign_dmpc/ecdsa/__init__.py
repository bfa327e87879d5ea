"""Threshold ECDSA: CGGMP24 (ePrint 2021/060, revision of 2024-10-21) over secp256k1.

`start_aux_info` once for a group, `start_presign` ahead of messages, `start_sign` for each message
or `start_sign_batch` for many; an `Order` is where a presignature meets its message.
"""

from zrsign_dmpc.ecdsa.aux_info import (
    AuxInfo,
    AuxSecrets,
    PublicAuxInfo,
    StoredAuxInfo,
    aux_info_execution,
    start_aux_info,
)
from zrsign_dmpc.ecdsa.batch_signing import sign_batch_execution, start_sign_batch
from zrsign_dmpc.ecdsa.errors import UnsignableDigest
from zrsign_dmpc.ecdsa.order import Order
from zrsign_dmpc.ecdsa.presign import (
    Presignature,
    PresignSetup,
    PublicPresignature,
    presign_execution,
    start_presign,
)
from zrsign_dmpc.ecdsa.security import LEVELS, PAILLIER_2048, PAILLIER_3072, SecurityLevel
from zrsign_dmpc.ecdsa.signing import EcdsaSignature, sign_execution, start_sign

__all__ = [
    "LEVELS",
    "PAILLIER_2048",
    "PAILLIER_3072",
    "AuxInfo",
    "AuxSecrets",
    "EcdsaSignature",
    "Order",
    "PresignSetup",
    "Presignature",
    "PublicAuxInfo",
    "PublicPresignature",
    "SecurityLevel",
    "StoredAuxInfo",
    "UnsignableDigest",
    "aux_info_execution",
    "presign_execution",
    "sign_batch_execution",
    "sign_execution",
    "start_aux_info",
    "start_presign",
    "start_sign",
    "start_sign_batch",
]
