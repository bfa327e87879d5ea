"""FROST: threshold Schnorr signatures for Ed25519, secp256k1 and BIP 340 (RFC 9591)."""

from zrsign_dmpc.frost.batch import frost_batch_execution, start_frost_batch
from zrsign_dmpc.frost.nonces import NoncePool
from zrsign_dmpc.frost.protocol import (
    frost_execution,
    frost_shares_execution,
    start_frost,
    start_frost_shares,
)
from zrsign_dmpc.frost.roast import RoastCoordinator, RoastSigner, roast_execution
from zrsign_dmpc.frost.signing import InvalidShares, NonceCommitment, SigningPackage
from zrsign_dmpc.frost.suites import BIP340, ED25519_SHA512, SECP256K1_SHA256, Suite, suite_by_name
from zrsign_dmpc.frost.taproot import output_info, output_share

__all__ = [
    "BIP340",
    "ED25519_SHA512",
    "SECP256K1_SHA256",
    "InvalidShares",
    "NonceCommitment",
    "NoncePool",
    "RoastCoordinator",
    "RoastSigner",
    "SigningPackage",
    "Suite",
    "frost_batch_execution",
    "frost_execution",
    "frost_shares_execution",
    "output_info",
    "output_share",
    "roast_execution",
    "start_frost",
    "start_frost_batch",
    "start_frost_shares",
    "suite_by_name",
]
