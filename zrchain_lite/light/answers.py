"""CometBFT's JSON-RPC answers to `commit` and `validators`, parsed.

Source: CometBFT 0.38 spec/rpc. Hashes and addresses are hexadecimal, keys and signatures base64,
64-bit integers text, times RFC 3339 with up to nine digits of a second.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from zrchain_lite.light.blocks import LightBlock, Validator, ValidatorSet
from zrchain_lite.light.errors import BadBlock
from zrchain_lite.wire.tendermint.types.types_pb2 import (
    BlockID,
    Commit,
    CommitSig,
    Header,
    PartSetHeader,
)
from zrchain_lite.wire.tendermint.version.types_pb2 import Consensus

KEY_TYPE = "tendermint/PubKeyEd25519"
_HEADER_BYTES = (
    "last_commit_hash",
    "data_hash",
    "validators_hash",
    "next_validators_hash",
    "consensus_hash",
    "app_hash",
    "last_results_hash",
    "evidence_hash",
    "proposer_address",
)


def light_block(signed_commit: Any, validators: list[Any]) -> LightBlock:
    """The block of a `commit` answer and of all pages of `validators`; raises BadBlock."""
    try:
        signed = signed_commit["signed_header"]
        parsed = header(signed["header"]), commit(signed["commit"])
        members = ValidatorSet(validator(each) for each in validators)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, BadBlock):
            raise
        raise BadBlock(f"the answer is not CometBFT's ({type(error).__name__}: {error})") from None
    return LightBlock.of(*parsed, members)


def header(value: Any) -> Header:
    """A block's header; raises KeyError, TypeError, AttributeError or ValueError."""
    version = value["version"]
    return Header(
        version=Consensus(block=int(version["block"]), app=int(version.get("app", 0))),
        chain_id=value["chain_id"],
        height=int(value["height"]),
        time=_time(value["time"]),
        last_block_id=_block_id(value["last_block_id"]),
        **{name: bytes.fromhex(value[name]) for name in _HEADER_BYTES},
    )


def commit(value: Any) -> Commit:
    """Who signed a block; raises as `header` does."""
    return Commit(
        height=int(value["height"]),
        round=int(value["round"]),
        block_id=_block_id(value["block_id"]),
        signatures=[_signature(each) for each in value["signatures"]],
    )


def _signature(value: Any) -> CommitSig:
    return CommitSig(
        block_id_flag=value["block_id_flag"],
        validator_address=bytes.fromhex(value["validator_address"]),
        timestamp=_time(value["timestamp"]),
        signature=_base64(value["signature"] or ""),
    )


def validator(value: Any) -> Validator:
    """One of a set; raises as `header` does, and BadBlock for a key that is not Ed25519's."""
    key = value["pub_key"]
    if key["type"] != KEY_TYPE:
        raise BadBlock(f"a validator's key is a {str(key['type'])[:40]}, not a {KEY_TYPE}")
    return Validator(_base64(key["value"]), int(value["voting_power"]))


def _block_id(value: Any) -> BlockID:
    parts = value["parts"]
    header_of_parts = PartSetHeader(total=int(parts["total"]), hash=bytes.fromhex(parts["hash"]))
    return BlockID(hash=bytes.fromhex(value["hash"]), part_set_header=header_of_parts)


def _time(text: str) -> Timestamp:
    time = Timestamp()
    time.FromJsonString(text)
    return time


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None
