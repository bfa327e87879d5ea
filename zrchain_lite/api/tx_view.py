"""How a transaction is shown to clients of the Cosmos SDK."""

from __future__ import annotations

from datetime import UTC, datetime

from zrchain_lite.engine.records import TxRecord
from zrchain_lite.tx import pack, tx_hash
from zrchain_lite.wire.cosmos.base.abci.v1beta1.abci_pb2 import TxResponse
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import AuthInfo, Tx, TxBody, TxRaw
from zrchain_lite.wire.tendermint.abci.types_pb2 import ResponseCheckTx


def rfc3339(time_ms: int) -> str:
    """A time in Unix milliseconds as text in UTC, as in 2026-01-01T00:00:00.000Z."""
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def decoded_tx(tx: bytes) -> Tx:
    """The bytes of a transaction that is in a block."""
    raw = TxRaw.FromString(tx)
    return Tx(
        body=TxBody.FromString(raw.body_bytes),
        auth_info=AuthInfo.FromString(raw.auth_info_bytes),
        signatures=raw.signatures,
    )


def tx_response(record: TxRecord) -> TxResponse:
    """A committed transaction with its result, as the Cosmos SDK's clients read it."""
    result = record.result
    return TxResponse(
        height=record.height,
        txhash=record.hash.hex().upper(),
        codespace=result.codespace,
        code=result.code,
        data=result.data.hex().upper(),
        raw_log=result.log,
        gas_wanted=result.gas_wanted,
        gas_used=result.gas_used,
        tx=pack(decoded_tx(record.tx)),
        timestamp=rfc3339(record.time_ms),
        events=result.events,
    )


def checked_response(tx: bytes, check: ResponseCheckTx) -> TxResponse:
    """What CheckTx said; the transaction is in no block yet."""
    return TxResponse(
        txhash=tx_hash(tx).hex().upper(),
        codespace=check.codespace,
        code=check.code,
        raw_log=check.log,
        gas_wanted=check.gas_wanted,
        gas_used=check.gas_used,
    )
