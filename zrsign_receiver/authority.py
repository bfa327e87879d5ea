"""What a Direct zrSign contract checks before it takes an answer: the payload that its MPC_ROLE key
signs. Pure.

    zrKeyRes   abi.encode(bytes32 SRC_CHAIN_ID, bytes32 walletTypeId, address owner,
                          uint256 walletIndex, string wallet, uint8 options)
    zrSignRes  abi.encode(bytes32 SRC_CHAIN_ID, uint256 traceId, address owner, bytes metaData,
                          bytes signature, bool broadcast)

The digest is EIP-191 (version 0x45, personal message) over the payload's keccak256. SRC_CHAIN_ID is
the keccak256 of the source chain's CAIP-2 id.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from chains.wallets import KeyAlgorithm
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb

KEY_RESPONSE = ("bytes32", "bytes32", "address", "uint256", "string", "uint8")
SIGN_RESPONSE = ("bytes32", "uint256", "address", "bytes", "bytes", "bool")

# EIP-191 personal message of a 32-byte hash.
_PREFIX = b"\x19Ethereum Signed Message:\n32"


def payload(source_chain: str, answer: pb.Answer) -> bytes:
    """The contract's abi.encode of `answer`: a key response when it names a wallet, else a sign
    response.
    """
    chain_id = keccak(text=source_chain)
    if answer.wallet:
        return encode(
            KEY_RESPONSE,
            (
                chain_id,
                answer.wallet_type_id,
                answer.owner,
                answer.wallet_index,
                answer.wallet,
                answer.options,
            ),
        )
    return encode(
        SIGN_RESPONSE,
        (
            chain_id,
            int.from_bytes(answer.trace_id, "big"),
            answer.owner,
            answer.meta_data,
            answer.signature,
            answer.broadcast,
        ),
    )


def digest(source_chain: str, answer: pb.Answer) -> bytes:
    """The 32 bytes that the authority key signs."""
    return keccak(_PREFIX + keccak(payload(source_chain, answer)))


def recoverable(signature: bytes) -> bytes:
    """65 bytes r||s||v with v 0 or 1 (the ledger's) -> v 27 or 28 (what ecrecover takes)."""
    if len(signature) != 65 or signature[64] not in (0, 1):
        raise ValueError(f"signature of {len(signature)} bytes: expected r||s||v with v 0 or 1")
    return signature[:64] + bytes([27 + signature[64]])


def joined(algorithm: KeyAlgorithm, signatures: Sequence[bytes]) -> bytes:
    """The answer's `signature`: the ledger's signatures one after the other, in the form that
    Answer documents.
    """
    match algorithm:
        case KeyAlgorithm.ECDSA_SECP256K1:
            return b"".join(recoverable(signature) for signature in signatures)
        case KeyAlgorithm.BITCOIN_SECP256K1:
            return b"".join(compact(signature) for signature in signatures)
    return b"".join(signatures)


def compact(der: bytes) -> bytes:
    """DER (as the ledger keeps Bitcoin signatures) -> 64 bytes r||s."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
