"""Auxiliary information (CGGMP24, Fig. 7 without the refresh): Paillier and ring-Pedersen keys.

A group makes it once and uses it for many keys.
"""

from zrsign_dmpc.ecdsa.aux_info.info import AuxInfo, PublicAuxInfo
from zrsign_dmpc.ecdsa.aux_info.protocol import AuxSecrets, aux_info_execution, start_aux_info
from zrsign_dmpc.ecdsa.aux_info.storage import StoredAuxInfo

__all__ = [
    "AuxInfo",
    "AuxSecrets",
    "PublicAuxInfo",
    "StoredAuxInfo",
    "aux_info_execution",
    "start_aux_info",
]
