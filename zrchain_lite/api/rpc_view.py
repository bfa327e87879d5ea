"""CometBFT's JSON of blocks and transactions: hexadecimal hashes, base64 data, integers as text."""

from __future__ import annotations

import base64
from typing import Any

from zrchain_lite.api.tx_view import rfc3339
from zrchain_lite.app import PROTOCOL_VERSION, VERSION
from zrchain_lite.engine.blocks import BLOCK_PROTOCOL
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import BlockRecord, TxRecord
from zrchain_lite.wire.tendermint.abci.types_pb2 import Event, ExecTxResult, ResponseCheckTx
from zrchain_lite.wire.tendermint.crypto.proof_pb2 import ProofOps
from zrchain_lite.wire.tendermint.types.params_pb2 import ConsensusParams
from zrchain_lite.wire.tendermint.types.types_pb2 import BlockID, Commit, Header
from zrchain_lite.wire.tendermint.types.validator_pb2 import Validator, ValidatorSet

Json = dict[str, Any]

DIALECT = "0.38.17"
"""The version of CometBFT whose JSON this is; clients choose theirs by it."""


def base64_text(data: bytes) -> str:
    """Bytes as CometBFT shows contents: base64 with padding."""
    return base64.b64encode(data).decode()


def proof_ops(proof: ProofOps) -> Json | None:
    """The steps of a proof, None where there is no proof."""
    if not proof.ops:
        return None
    return {
        "ops": [
            {"type": op.type, "key": base64_text(op.key), "data": base64_text(op.data)}
            for op in proof.ops
        ]
    }


def hex_text(data: bytes) -> str:
    """Bytes as CometBFT shows hashes and addresses: upper-case hexadecimal."""
    return data.hex().upper()


def events(items: Any) -> list[Json]:
    """ABCI events as a list of objects."""

    def one(event: Event) -> Json:
        attributes = [
            {"key": item.key, "value": item.value, "index": item.index} for item in event.attributes
        ]
        return {"type": event.type, "attributes": attributes}

    return [one(event) for event in items]


def result(item: ExecTxResult | ResponseCheckTx) -> Json:
    """What executing or checking a transaction gave."""
    return {
        "code": item.code,
        "data": base64_text(item.data) or None,
        "log": item.log,
        "info": item.info,
        "gas_wanted": str(item.gas_wanted),
        "gas_used": str(item.gas_used),
        "events": events(item.events),
        "codespace": item.codespace,
    }


def transaction(record: TxRecord) -> Json:
    """A committed transaction with its result and its place on the chain."""
    return {
        "hash": hex_text(record.hash),
        "height": str(record.height),
        "index": record.index,
        "tx_result": result(record.result),
        "tx": base64_text(record.tx),
    }


def block_id(value: BlockID) -> Json:
    """A block's hash and the header of its parts."""
    parts = value.part_set_header
    return {
        "hash": hex_text(value.hash),
        "parts": {"total": parts.total, "hash": hex_text(parts.hash)},
    }


def header(value: Header) -> Json:
    """A block's header."""
    return {
        "version": {"block": str(value.version.block), "app": str(value.version.app)},
        "chain_id": value.chain_id,
        "height": str(value.height),
        "time": value.time.ToJsonString(),
        "last_block_id": block_id(value.last_block_id),
        "last_commit_hash": hex_text(value.last_commit_hash),
        "data_hash": hex_text(value.data_hash),
        "validators_hash": hex_text(value.validators_hash),
        "next_validators_hash": hex_text(value.next_validators_hash),
        "consensus_hash": hex_text(value.consensus_hash),
        "app_hash": hex_text(value.app_hash),
        "last_results_hash": hex_text(value.last_results_hash),
        "evidence_hash": hex_text(value.evidence_hash),
        "proposer_address": hex_text(value.proposer_address),
    }


def block(record: BlockRecord) -> Json:
    """A block with its transactions and the commit of the block before."""
    value = record.block
    return {
        "header": header(value.header),
        "data": {"txs": [base64_text(tx) for tx in value.data.txs]},
        "evidence": {"evidence": []},
        "last_commit": commit(value.last_commit),
    }


def commit(value: Commit) -> Json:
    """Who signed a block."""
    return {
        "height": str(value.height),
        "round": value.round,
        "block_id": block_id(value.block_id),
        "signatures": [
            {
                "block_id_flag": each.block_id_flag,
                "validator_address": hex_text(each.validator_address),
                "timestamp": each.timestamp.ToJsonString(),
                "signature": base64_text(each.signature) or None,
            }
            for each in value.signatures
        ],
    }


def signed_header(record: BlockRecord) -> Json:
    """A block's header with its commit, as a light client wants it."""
    return {"header": header(record.block.header), "commit": commit(record.commit)}


def block_meta(record: BlockRecord) -> Json:
    """A block in the list of `blockchain`."""
    return {
        "block_id": block_id(record.id),
        "block_size": str(record.block.ByteSize()),
        "header": header(record.block.header),
        "num_txs": str(len(record.block.data.txs)),
    }


def round_state(last: BlockRecord) -> Json:
    """What consensus is about: the block after the last one, of which nothing is proposed yet."""
    time = rfc3339(last.time_ms)
    return {
        "height/round/step": f"{last.height + 1}/0/1",
        "start_time": time,
        "proposal_block_hash": "",
        "locked_block_hash": "",
        "valid_block_hash": "",
        "height_vote_set": [],
        "proposer": {"address": hex_text(last.block.header.proposer_address), "index": 0},
    }


def block_results(record: BlockRecord) -> Json:
    """The results of a block's transactions and the events of its edges."""
    return {
        "height": str(record.height),
        "txs_results": [result(item) for item in record.results.tx_results],
        "finalize_block_events": events(record.results.events),
        "validator_updates": [],
        "consensus_param_updates": None,
        "app_hash": base64_text(record.results.app_hash),
    }


def validator(value: Validator) -> Json:
    """One validator of a height."""
    key = {"type": "tendermint/PubKeyEd25519", "value": base64_text(value.pub_key.ed25519)}
    return {
        "address": hex_text(value.address),
        "pub_key": key,
        "voting_power": str(value.voting_power),
        "proposer_priority": str(value.proposer_priority),
    }


def status(engine: Reading) -> Json:
    """What `status` answers: node, synchronisation, validator."""
    tip = engine.tip
    first, last = engine.records.first(), engine.block(tip.height)
    latest = last.block.header if last else Header()
    members = engine.records.validators(latest.validators_hash) or ValidatorSet()
    return {
        "node_info": {
            "protocol_version": {
                "p2p": "8",
                "block": str(BLOCK_PROTOCOL),
                "app": str(PROTOCOL_VERSION),
            },
            "id": latest.proposer_address.hex(),
            "listen_addr": "none",
            "network": tip.chain_id,
            "version": DIALECT,
            "channels": "",
            "moniker": f"zrchain-lite {VERSION}",
            "other": {"tx_index": "on", "rpc_address": ""},
        },
        "sync_info": {
            "latest_block_hash": hex_text(last.id.hash) if last else "",
            "latest_app_hash": hex_text(tip.app_hash),
            "latest_block_height": str(tip.height),
            "latest_block_time": rfc3339(last.time_ms) if last else "",
            "earliest_block_hash": hex_text(first.id.hash) if first else "",
            "earliest_app_hash": hex_text(first.block.header.app_hash) if first else "",
            "earliest_block_height": str(first.height if first else tip.height),
            "earliest_block_time": rfc3339(first.time_ms) if first else "",
            "catching_up": False,
        },
        "validator_info": {
            key: value
            for member in members.validators
            for key, value in validator(member).items()
            if key != "proposer_priority"
        },
    }


def consensus_params(value: ConsensusParams) -> Json:
    """The consensus parameters with every number as text."""
    return {
        "block": {"max_bytes": str(value.block.max_bytes), "max_gas": str(value.block.max_gas)},
        "evidence": {
            "max_age_num_blocks": str(value.evidence.max_age_num_blocks),
            "max_age_duration": str(value.evidence.max_age_duration.ToNanoseconds()),
            "max_bytes": str(value.evidence.max_bytes),
        },
        "validator": {"pub_key_types": list(value.validator.pub_key_types)},
        "version": {"app": str(value.version.app)},
        "abci": {"vote_extensions_enable_height": str(value.abci.vote_extensions_enable_height)},
    }


def tx_events(record: TxRecord, values: dict[str, list[str]]) -> dict[str, list[str]]:
    """What a subscription's message lists beside its data; `values` are those of its events."""
    about = {
        "tm.event": ["Tx"],
        "tx.hash": [hex_text(record.hash)],
        "tx.height": [str(record.height)],
    }
    return {**about, **{key: [*about.get(key, ()), *values[key]] for key in values}}
