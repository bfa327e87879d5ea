"""The JSON-RPC methods of CometBFT 0.38 that a single node can answer, over an engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from zrchain_lite.api import event_query, event_search, rpc_view, services
from zrchain_lite.api.rendering import Rendering
from zrchain_lite.api.rpc_params import Parameter, ParameterKind
from zrchain_lite.api.services import Method
from zrchain_lite.engine.reading import MAX_WAIT_S, Pool, Reading
from zrchain_lite.engine.records import BlockRecord, TxRecord
from zrchain_lite.errors import InvalidArgument, LedgerError, NotFound
from zrchain_lite.genesis import Genesis
from zrchain_lite.tx import tx_hash
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci

MAX_PER_PAGE = 100
MAX_METAS = 20
MAX_BLOCKS = 20
"""Blocks of one page: each may have 4 MiB."""

_HEIGHT = Parameter("height", ParameterKind.INTEGER, None)
_TX = Parameter("tx", ParameterKind.BYTES)
_PAGE = Parameter("page", ParameterKind.INTEGER, 1)
_PER_PAGE = Parameter("per_page", ParameterKind.INTEGER, 30)
_PROVE = Parameter("prove", ParameterKind.FLAG, False)
_ORDER = Parameter("order_by", ParameterKind.TEXT, "asc")


@dataclass(frozen=True)
class RpcMethod:
    """`call` takes the parameters by name and returns the result."""

    parameters: tuple[Parameter, ...]
    call: Callable[..., Awaitable[Any]]


class RpcMethods:
    """Methods by name in `table`."""

    def __init__(self, engine: Reading, genesis: Genesis) -> None:
        self._engine = engine
        self._genesis = genesis
        self._services = services.methods(engine)
        self._rendering = Rendering()
        query = Parameter("query", ParameterKind.TEXT)
        self.table: dict[str, RpcMethod] = {
            "health": RpcMethod((), self.health),
            "status": RpcMethod((), self.status),
            "net_info": RpcMethod((), self.net_info),
            "consensus_state": RpcMethod((), self.consensus_state),
            "genesis": RpcMethod((), self.genesis),
            "abci_info": RpcMethod((), self.abci_info),
            "abci_query": RpcMethod(
                (
                    Parameter("path", ParameterKind.TEXT),
                    Parameter("data", ParameterKind.HEX, b""),
                    Parameter("height", ParameterKind.INTEGER, 0),
                    _PROVE,
                ),
                self.abci_query,
            ),
            "broadcast_tx_async": RpcMethod((_TX,), self.broadcast_tx),
            "broadcast_tx_sync": RpcMethod((_TX,), self.broadcast_tx),
            "broadcast_tx_commit": RpcMethod((_TX,), self.broadcast_tx_commit),
            "check_tx": RpcMethod((_TX,), self.check_tx),
            "unconfirmed_txs": RpcMethod((_PER_PAGE,), self.unconfirmed_txs),
            "num_unconfirmed_txs": RpcMethod((), self.num_unconfirmed_txs),
            "tx": RpcMethod((Parameter("hash", ParameterKind.BYTES), _PROVE), self.tx),
            "tx_search": RpcMethod((query, _PROVE, _PAGE, _PER_PAGE, _ORDER), self.tx_search),
            "block_search": RpcMethod(
                (query, _PAGE, _PER_PAGE, Parameter("order_by", ParameterKind.TEXT, "")),
                self.block_search,
            ),
            "block": RpcMethod((_HEIGHT,), self.block),
            "block_by_hash": RpcMethod(
                (Parameter("hash", ParameterKind.BYTES),), self.block_by_hash
            ),
            "header": RpcMethod((_HEIGHT,), self.header),
            "commit": RpcMethod((_HEIGHT,), self.commit),
            "blockchain": RpcMethod(
                (
                    Parameter("minHeight", ParameterKind.INTEGER, 1),
                    Parameter("maxHeight", ParameterKind.INTEGER, 0),
                ),
                self.blockchain,
            ),
            "block_results": RpcMethod((_HEIGHT,), self.block_results),
            "consensus_params": RpcMethod((_HEIGHT,), self.consensus_params),
            "validators": RpcMethod((_HEIGHT, _PAGE, _PER_PAGE), self.validators),
        }

    # -- node ------------------------------------------------------------------------------------

    async def health(self) -> dict[str, Any]:
        """Say, with an empty result, that the node answers."""
        return {}

    async def status(self) -> dict[str, Any]:
        """The node, its latest and earliest block, and its validator."""
        return rpc_view.status(self._engine)

    async def net_info(self) -> dict[str, Any]:
        """The peers, of which an embedded engine has none."""
        return {"listening": True, "listeners": [], "n_peers": "0", "peers": []}

    async def consensus_state(self) -> dict[str, Any]:
        """The height that comes next; an embedded engine decides it in one step, without votes."""
        state = rpc_view.round_state(self._block(None))
        return {"round_state": state}

    async def genesis(self) -> dict[str, Any]:
        """The genesis with its consensus parameters and validator."""
        first = self._engine.block(self._genesis.initial_height)
        params = rpc_view.consensus_params(self._engine.app.consensus_params())
        return {
            "genesis": {
                **self._genesis.model_dump(mode="json"),
                "initial_height": str(self._genesis.initial_height),
                "consensus_params": params,
                "app_hash": rpc_view.hex_text(first.block.header.app_hash if first else b""),
            }
        }

    async def consensus_params(self, height: int | None) -> dict[str, Any]:
        """The consensus parameters; those of today whatever the height is."""
        params = rpc_view.consensus_params(self._engine.app.consensus_params())
        return {"block_height": str(self._block(height).height), "consensus_params": params}

    async def abci_info(self) -> dict[str, Any]:
        """The application's name, version, height and application hash."""
        info = self._engine.app.info()
        return {
            "response": {
                "data": info.data,
                "version": info.version,
                "app_version": str(info.app_version),
                "last_block_height": str(info.last_block_height),
                "last_block_app_hash": rpc_view.base64_text(info.last_block_app_hash),
            }
        }

    async def abci_query(self, path: str, data: bytes, height: int, prove: bool) -> dict[str, Any]:
        """Answer a gRPC method path with an encoded request, as the Cosmos SDK's clients ask, or
        the path of a key of the state, with a proof on request.
        """
        service = self._services.get(path)
        if service is None:
            request = abci.RequestQuery(path=path, data=data, height=height, prove=prove)
            answer = self._engine.app.abci_query(request)
        else:
            answer = await self._service_query(service, data)
        return {
            "response": {
                "code": answer.code,
                "log": answer.log,
                "info": "",
                "index": "0",
                "key": rpc_view.base64_text(answer.key) or None,
                "value": rpc_view.base64_text(answer.value) or None,
                "proofOps": rpc_view.proof_ops(answer.proof_ops),
                "height": str(answer.height),
                "codespace": answer.codespace,
            }
        }

    async def _service_query(self, method: Method, data: bytes) -> abci.ResponseQuery:
        """CosmJS asks the chain's services (Simulate) by abci_query, as the Cosmos SDK allows."""
        try:
            value = await method.call_raw(data, {})
        except LedgerError as error:
            return abci.ResponseQuery(code=error.code, codespace=error.codespace, log=str(error))
        return abci.ResponseQuery(value=value, height=self._engine.tip.height)

    # -- transactions ----------------------------------------------------------------------------

    async def broadcast_tx(self, tx: bytes) -> dict[str, Any]:
        """Sync and async alike: CheckTx takes less than a millisecond."""
        check = await self._engine.submit(tx)
        return {
            "code": check.code,
            "data": "",
            "log": check.log,
            "codespace": check.codespace,
            "hash": rpc_view.hex_text(tx_hash(tx)),
        }

    async def broadcast_tx_commit(self, tx: bytes) -> dict[str, Any]:
        """Send a transaction and hold the answer back until its block is committed."""
        check = await self._engine.submit(tx)
        hash_ = tx_hash(tx)
        answer = {
            "check_tx": rpc_view.result(check),
            "tx_result": rpc_view.result(abci.ExecTxResult()),
            "hash": rpc_view.hex_text(hash_),
            "height": "0",
        }
        if check.code == 0:
            record = await self._engine.wait_for_tx(hash_, MAX_WAIT_S)
            if record is None:
                raise NotFound(f"tx {hash_.hex().upper()} is in no block after {MAX_WAIT_S:g} s")
            answer |= {
                "tx_result": await self._result(record.result),
                "height": str(record.height),
            }
        return answer

    async def check_tx(self, tx: bytes) -> dict[str, Any]:
        """Say what CheckTx says of a transaction, without sending it."""
        return rpc_view.result(self._engine.check(tx))

    async def unconfirmed_txs(self, per_page: int) -> dict[str, Any]:
        """The transactions that wait for a block, at most `per_page` of them."""
        pool = await self._engine.pool(_within(per_page, "per_page", MAX_PER_PAGE))
        return {
            **self._mempool_counts(pool),
            "n_txs": str(len(pool.txs)),
            "txs": [rpc_view.base64_text(tx) for tx in pool.txs],
        }

    async def num_unconfirmed_txs(self) -> dict[str, Any]:
        """How many transactions wait for a block, and their size in bytes."""
        return self._mempool_counts(await self._engine.pool(0))

    @staticmethod
    def _mempool_counts(pool: Pool) -> dict[str, Any]:
        return {
            "n_txs": str(pool.count),
            "total": str(pool.count),
            "total_bytes": str(pool.size),
            "txs": None,
        }

    async def tx(self, hash: bytes, prove: bool) -> dict[str, Any]:  # noqa: A002 - CometBFT's name
        """A committed transaction by its hash; raises NotFound."""
        record = self._engine.tx(hash)
        if record is None:
            raise NotFound(f"tx ({hash.hex().upper()}) not found")
        return (await self._transactions([record]))[0]

    async def tx_search(
        self, query: str, prove: bool, page: int, per_page: int, order_by: str
    ) -> dict[str, Any]:
        """One page of the committed transactions that a query matches."""
        limit = _within(per_page, "per_page", MAX_PER_PAGE)
        records, total = event_search.transactions(
            self._engine,
            event_query.parse(query),
            skip=(_within(page, "page", event_query.MAX_SCANNED) - 1) * limit,
            limit=limit,
            reverse=_descending(order_by, "asc"),
        )
        return {
            "txs": await self._transactions(records),
            "total_count": str(total),
        }

    async def block_search(
        self, query: str, page: int, per_page: int, order_by: str
    ) -> dict[str, Any]:
        """One page of the blocks at whose edges a query matches, or whose heights it names."""
        limit = _within(per_page, "per_page", MAX_BLOCKS)
        records, total = event_search.blocks(
            self._engine,
            event_query.parse(query),
            skip=(_within(page, "page", event_query.MAX_SCANNED) - 1) * limit,
            limit=limit,
            reverse=_descending(order_by, "desc"),
        )
        return {
            "blocks": [
                {"block_id": rpc_view.block_id(each.id), "block": rpc_view.block(each)}
                for each in records
            ],
            "total_count": str(total),
        }

    # -- blocks ----------------------------------------------------------------------------------

    async def block(self, height: int | None) -> dict[str, Any]:
        """A block by its height, the latest when it is None."""
        record = self._block(height)
        return {"block_id": rpc_view.block_id(record.id), "block": rpc_view.block(record)}

    async def block_by_hash(self, hash: bytes) -> dict[str, Any]:  # noqa: A002 - CometBFT's name
        """A block by the hash of its header; raises NotFound."""
        height = self._engine.records.height_of_hash(hash)
        if height is None:
            raise NotFound(f"block {hash.hex().upper()} not found")
        return await self.block(height)

    async def header(self, height: int | None) -> dict[str, Any]:
        """A block's header by its height, the latest when it is None."""
        return {"header": rpc_view.header(self._block(height).block.header)}

    async def block_results(self, height: int | None) -> dict[str, Any]:
        """What the transactions of a block did, and the events of its edges."""
        record = self._block(height)
        render = partial(rpc_view.block_results, record)
        return await self._rendering.run(record.results.ByteSize(), render)

    async def commit(self, height: int | None) -> dict[str, Any]:
        """A block's header and who signed it; raises NotFound for one that nobody signed."""
        record = self._block(height)
        if not record.commit.signatures:
            raise NotFound(f"block {record.height} was made before blocks were signed")
        return {
            "signed_header": rpc_view.signed_header(record),
            "canonical": record.height < self._engine.tip.height,
        }

    async def blockchain(self, minHeight: int, maxHeight: int) -> dict[str, Any]:  # noqa: N803 - CometBFT's names
        """The headers of a range of blocks, the newest first and 20 at most."""
        newest = self._engine.tip.height
        last = min(maxHeight, newest) if maxHeight > 0 else newest
        heights = range(last, max(minHeight, 1, last - MAX_METAS + 1) - 1, -1)
        found = [record for height in heights if (record := self._engine.block(height))]
        return {
            "last_height": str(newest),
            "block_metas": [rpc_view.block_meta(record) for record in found],
        }

    async def validators(self, height: int | None, page: int, per_page: int) -> dict[str, Any]:
        """One page of the validators of a height."""
        record = self._block(height)
        found = self._engine.records.validators(record.block.header.validators_hash)
        members = list(found.validators) if found else []
        limit = _within(per_page, "per_page", MAX_PER_PAGE)
        skip = (_within(page, "page", event_query.MAX_SCANNED) - 1) * limit
        shown = members[skip : skip + limit]
        return {
            "block_height": str(record.height),
            "validators": [rpc_view.validator(each) for each in shown],
            "count": str(len(shown)),
            "total": str(len(members)),
        }

    async def _transactions(self, records: Sequence[TxRecord]) -> list[dict[str, Any]]:
        size = sum(len(record.tx) + record.result.ByteSize() for record in records)
        return await self._rendering.run(size, lambda: list(map(rpc_view.transaction, records)))

    async def _result(self, result: abci.ExecTxResult) -> Any:
        return await self._rendering.run(result.ByteSize(), partial(rpc_view.result, result))

    def _block(self, height: int | None) -> BlockRecord:
        if height is not None and height <= 0:
            raise InvalidArgument(f"height must be greater than 0, but got {height}")
        record = self._engine.block(height)
        if record is None:
            raise NotFound(
                f"height {height} must be less than or equal to the current blockchain height "
                f"{self._engine.tip.height}"
            )
        return record


def _within(value: int, name: str, most: int) -> int:
    if value < 1:
        raise InvalidArgument(f"{name} starts at 1, not {value}")
    return min(value, most)


def _descending(order_by: str, default: str) -> bool:
    if order_by not in ("", "asc", "desc"):
        raise InvalidArgument(f"order_by is asc or desc, not {order_by[:20]!r}")
    return (order_by or default) == "desc"
