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

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import contract_abi, wallet_type_by_coin
from zrsign_chains.wallets import KeyAlgorithm

# What the contract takes, but for the authority's signature.
_KEY_FIELDS = contract_abi.function("zrKeyRes").parameters[:-1]
_SIGN_FIELDS = contract_abi.function("zrSignRes").parameters[:-1]

# EIP-191 personal message of a 32-byte hash.
_PREFIX = b"\x19Ethereum Signed Message:\n32"

_DOMAIN = keccak(
    text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_NAME, _VERSION = keccak(text="zrSign"), keccak(text="1")
# The contract's names of the kinds: IS_HASH_MASK, IS_TX_MASK, IS_SIMPLE_TX_MASK, IS_DATA_MASK.
_KINDS = {
    pb.REQUEST_KIND_HASH: 0,
    pb.REQUEST_KIND_TX: 1,
    pb.REQUEST_KIND_SIMPLE_TX: 2,
    pb.REQUEST_KIND_DATA: 3,
}


def answer_of(request: pb.Request) -> pb.Answer:
    """What the contract will be told, but for the authority's signature and the context."""
    event = request.event
    if request.kind == pb.REQUEST_KIND_KEY:
        return pb.Answer(
            wallet_type_id=event.key.wallet_type_id,
            wallet_index=event.key.wallet_index,
            wallet=request.wallet,
            options=event.key.options,
            owner=event.owner,
        )
    algorithm = wallet_type_by_coin(request.coin_type).key_algorithm
    return pb.Answer(
        trace_id=event.sign.trace_id,
        meta_data=request.unsigned_transaction,
        signature=joined(algorithm, request.signatures),
        broadcast=event.sign.broadcast,
        owner=event.owner,
    )


def payload(source_chain: str, answer: pb.Answer) -> bytes:
    """The contract's abi.encode of `answer`, for the EIP-191 form: a key response when it names a
    wallet, else a sign response.
    """
    fields = _fields(answer)
    values = contract_abi.values_of(answer, fields)
    types = ["bytes32", *(field["type"] for field in fields)]
    return encode(types, [keccak(text=source_chain), *values])


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


def _fields(answer: pb.Answer) -> Sequence[Mapping[str, Any]]:
    return _KEY_FIELDS if answer.wallet else _SIGN_FIELDS


def _struct(answer: pb.Answer) -> bytes:
    """EIP-712 encodeData with the type's hash before it; what has no fixed size is hashed."""
    fields = (*_fields(answer), {"type": "bytes32", "name": "context"})
    name = "ZrKeyResponse" if answer.wallet else "ZrSignResponse"
    listed = ",".join(f"{field['type']} {field['name']}" for field in fields)
    types, values = ["bytes32"], [keccak(text=f"{name}({listed})")]
    for field, value in zip(fields, contract_abi.values_of(answer, fields), strict=True):
        is_dynamic = field["type"] in ("string", "bytes")
        types.append("bytes32" if is_dynamic else field["type"])
        raw = value.encode() if isinstance(value, str) and is_dynamic else value
        values.append(keccak(raw) if is_dynamic else value)
    return encode(types, values)
