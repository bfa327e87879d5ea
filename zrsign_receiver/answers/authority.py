"""What a Direct zrSign contract checks before it takes an answer: the digest that its MPC_ROLE key
signs. Pure. A contract takes one of two forms; an answer with a context is of the second.

EIP-191 (version 0x45, personal message) over the keccak256 of

    zrKeyRes   abi.encode(bytes32 SRC_CHAIN_ID, bytes32 walletTypeId, address owner,
                          uint256 walletIndex, string wallet, uint8 options)
    zrSignRes  abi.encode(bytes32 SRC_CHAIN_ID, uint256 traceId, address owner, bytes metaData,
                          bytes signature, bool broadcast)

where SRC_CHAIN_ID is the keccak256 of the source chain's CAIP-2 id.

EIP-712 over `ZrKeyResponse` or `ZrSignResponse`: the same fields but for the chain, which the
domain names with the contract, and the context, which names the request. The context follows the
signature to the contract.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains.wallets import KeyAlgorithm

KEY_RESPONSE = ("bytes32", "bytes32", "address", "uint256", "string", "uint8")
SIGN_RESPONSE = ("bytes32", "uint256", "address", "bytes", "bytes", "bool")

# EIP-191 personal message of a 32-byte hash.
_PREFIX = b"\x19Ethereum Signed Message:\n32"

_DOMAIN = keccak(
    text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_NAME, _VERSION = keccak(text="zrSign"), keccak(text="1")
_TYPED_KEY_RESPONSE = keccak(
    text="ZrKeyResponse(bytes32 walletTypeId,address owner,uint256 walletIndex,string wallet,"
    "uint8 options,bytes32 context)"
)
_TYPED_SIGN_RESPONSE = keccak(
    text="ZrSignResponse(uint256 traceId,address owner,bytes metaData,bytes signature,"
    "bool broadcast,bytes32 context)"
)
# The contract's names of the kinds: IS_HASH_MASK, IS_TX_MASK, IS_SIMPLE_TX_MASK, IS_DATA_MASK.
_KINDS = {
    pb.REQUEST_KIND_HASH: 0,
    pb.REQUEST_KIND_TX: 1,
    pb.REQUEST_KIND_SIMPLE_TX: 2,
    pb.REQUEST_KIND_DATA: 3,
}


def payload(source_chain: str, answer: pb.Answer) -> bytes:
    """The contract's abi.encode of `answer`, for the EIP-191 form: a key response when it names a
    wallet, else a sign response.
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


def context(event: pb.SourceEvent) -> bytes:
    """The 32 bytes that bind a typed answer to its request: of a key its wallet id, of a signature
    the hash of wallet id, destination, payload's hash and kind.
    """
    ask = event.key if event.WhichOneof("ask") == "key" else event.sign
    wallet_id = keccak(
        encode(
            ("uint256", "address", "bytes32", "address", "uint256"),
            (*_place(event.id), ask.wallet_type_id, event.owner, ask.wallet_index),
        )
    )
    if event.WhichOneof("ask") == "key":
        return wallet_id
    sign = event.sign
    return keccak(
        encode(
            ("bytes32", "bytes32", "bytes32", "uint8"),
            (wallet_id, sign.dst_chain_id, keccak(sign.payload), _KINDS[sign.kind]),
        )
    )


def digest(source: pb.SourceId, answer: pb.Answer) -> bytes:
    """The 32 bytes that the authority key of the source signs."""
    if not answer.context:
        return keccak(_PREFIX + keccak(payload(source.chain, answer)))
    domain = encode(
        ("bytes32", "bytes32", "bytes32", "uint256", "address"),
        (_DOMAIN, _NAME, _VERSION, *_place(source)),
    )
    return keccak(b"\x19\x01" + keccak(domain) + keccak(_struct(answer)))


def authorisation(answer: pb.Answer, signature: bytes) -> bytes:
    """What the contract takes as `authSignature`: the signature of `digest`, then the context."""
    return recoverable(signature) + answer.context


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


def _place(source: pb.SourceId) -> tuple[int, str]:
    """Chain id and contract."""
    return int(source.chain.removeprefix("eip155:")), source.contract


def _struct(answer: pb.Answer) -> bytes:
    """EIP-712 encodeData with the type's hash before it."""
    if answer.wallet:
        return encode(
            ("bytes32", "bytes32", "address", "uint256", "bytes32", "uint8", "bytes32"),
            (
                _TYPED_KEY_RESPONSE,
                answer.wallet_type_id,
                answer.owner,
                answer.wallet_index,
                keccak(text=answer.wallet),
                answer.options,
                answer.context,
            ),
        )
    return encode(
        ("bytes32", "uint256", "address", "bytes32", "bytes32", "bool", "bytes32"),
        (
            _TYPED_SIGN_RESPONSE,
            int.from_bytes(answer.trace_id, "big"),
            answer.owner,
            keccak(answer.meta_data),
            keccak(answer.signature),
            answer.broadcast,
            answer.context,
        ),
    )
