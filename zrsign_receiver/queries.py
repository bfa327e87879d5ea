"""What may be asked of the receiver. Every list is a page over an index."""

from __future__ import annotations

from collections.abc import Iterator

from zrchain_lite.errors import NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import normalise_owner
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.store.pagination import loaded_page
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import chain_for
from zrsign_receiver.reports import intake
from zrsign_receiver.requests import payloads
from zrsign_receiver.state import SINGLETON, ReceiverState, group_of, ids_page, source_key

# CAIP-2 allows no more.
MAX_NAMESPACE_CHARS = 8


class ReceiverQueries:
    """Answers from the last committed state."""

    def __init__(self, state: ReceiverState, treasury_keeper: TreasuryKeeper) -> None:
        self._state = state
        self._treasury = treasury_keeper

    def params(self, ctx: Context, _: pb.QueryParamsRequest) -> pb.QueryParamsResponse:
        """The receiver's parameters."""
        return pb.QueryParamsResponse(params=self._state.params(ctx.store))

    def sources(self, ctx: Context, _: pb.QuerySourcesRequest) -> pb.QuerySourcesResponse:
        """Every contract that is or was admitted."""
        return pb.QuerySourcesResponse(sources=self._state.sources.values(ctx.store))

    def request(self, ctx: Context, query: pb.QueryRequestRequest) -> pb.QueryRequestResponse:
        """A request by its id, with its steps; raises NotFound."""
        return self._found(ctx, query.id)

    def request_by_source(
        self, ctx: Context, query: pb.QueryRequestBySourceRequest
    ) -> pb.QueryRequestResponse:
        """The request that a source event made; raises NotFound."""
        source = intake.canonical_id(query.source)
        observation = self._state.observations.get(ctx.store, source_key(source))
        if observation is None:
            raise NotFound(
                f"log {source.log_index} of 0x{source.tx_hash.hex()} on {source.chain} "
                "was not reported"
            )
        return self._found(ctx, observation.request_id)

    def request_by_trace(
        self, ctx: Context, query: pb.QueryRequestByTraceRequest
    ) -> pb.QueryRequestResponse:
        """The request that a contract knows by this trace id; raises NotFound."""
        chain, contract = intake.evm_chain(query.chain), intake.address("contract", query.contract)
        trace_id = query.trace_id.rjust(32, b"\x00")
        intake.check_length("trace_id", trace_id, 32)
        found = self._state.traces.get(ctx.store, (chain, contract, trace_id))
        if found is None:
            number = int.from_bytes(query.trace_id, "big")
            raise NotFound(f"trace {number} of {contract} on {query.chain} was not reported")
        return self._found(ctx, found.value)

    def request_by_sign_request(
        self, ctx: Context, query: pb.QueryRequestBySignRequestRequest
    ) -> pb.QueryRequestResponse:
        """The request for which the treasury was asked to sign; raises NotFound."""
        link = self._state.links.get(ctx.store, query.sign_request_id)
        if link is None:
            raise NotFound(f"sign request {query.sign_request_id} is for no contract's request")
        return self._found(ctx, link.request_id)

    def request_by_key_request(
        self, ctx: Context, query: pb.QueryRequestByKeyRequestRequest
    ) -> pb.QueryRequestResponse:
        """The first of the requests that wait for a key; raises NotFound."""
        first = next(iter(self._state.waiting.members(ctx.store, query.key_request_id)), None)
        if first is None:
            raise NotFound(f"no contract's request waits for key request {query.key_request_id}")
        return self._found(ctx, first)

    def requests(self, ctx: Context, query: pb.QueryRequestsRequest) -> pb.QueryRequestsResponse:
        """One page of the requests of an owner, a status, both, or a source transaction.

        The few requests of a source transaction are narrowed by the other two.
        """
        owner = normalise_owner(query.owner) if query.owner else ""
        if query.tx_hash:
            intake.check_length("tx_hash", query.tx_hash, 32)
        group = group_of(owner=owner, status=query.status, tx_hash=query.tx_hash)
        requests, pagination = self._state.requests_page(ctx, group, query.pagination)
        fitting = [
            request
            for request in requests
            if owner in ("", request.owner_id) and query.status in (0, request.status)
        ]
        for request in fitting:
            self._show_replacements(ctx, request)
        return pb.QueryRequestsResponse(requests=fitting, pagination=pagination)

    def wallets(self, ctx: Context, query: pb.QueryWalletsRequest) -> pb.QueryWalletsResponse:
        """Every wallet of an owner in order of coin type and index."""
        owner = normalise_owner(query.owner)
        return pb.QueryWalletsResponse(wallets=self._state.wallets_of(ctx.store, owner))

    def outgoing(self, ctx: Context, query: pb.QueryOutgoingRequest) -> pb.QueryOutgoingResponse:
        """One page of the signed transactions that wait for a relayer, or the one that is named.

        Raises NotFound when nothing of that one is to be delivered.
        """
        if query.sign_transaction_request_id:
            if self._state.outgoing.get(ctx.store, query.sign_transaction_request_id) is None:
                raise NotFound(
                    f"sign-transaction request {query.sign_transaction_request_id} has nothing to "
                    "deliver"
                )
            named = self._outgoing(ctx, query.sign_transaction_request_id)
            return pb.QueryOutgoingResponse(outgoing=[named])
        ids, pagination = ids_page(ctx, self._state.open_outgoing, SINGLETON, query.pagination)
        outgoing = loaded_page(ids, lambda id_: self._outgoing(ctx, id_), pagination)
        return pb.QueryOutgoingResponse(outgoing=outgoing, pagination=pagination)

    def _outgoing(self, ctx: Context, id_: int) -> pb.Outgoing:
        """The stored delivery with what was asked, and what the treasury keeps: the signatures."""
        asked = self._treasury.sign_transaction_request(ctx, id_)
        signed = self._treasury.sign_request(ctx, asked.sign_request_id)
        outgoing = self._state.outgoing.get(ctx.store, id_) or pb.Outgoing()
        outgoing.unsigned_transaction = asked.unsigned_transaction
        outgoing.signatures.extend(item.signed_data for item in signed.signed_data)
        outgoing.public_keys.extend(self._public_keys(ctx, signed))
        for replacement in outgoing.replacements:
            number = replacement.sign_transaction_request_id
            asked = self._treasury.sign_transaction_request(ctx, number)
            signed = self._treasury.sign_request(ctx, asked.sign_request_id)
            replacement.unsigned_transaction = asked.unsigned_transaction
            replacement.signatures.extend(item.signed_data for item in signed.signed_data)
            replacement.public_keys.extend(self._public_keys(ctx, signed))
        if outgoing.request_id:
            request = self._state.request(ctx.store, outgoing.request_id)
            outgoing.ask.CopyFrom(request.event.sign)
            outgoing.ask.ClearField("payload")
        return outgoing

    def _public_keys(self, ctx: Context, signed: treasury.SignRequest) -> Iterator[bytes]:
        return (self._treasury.key(ctx, key_id).public_key for key_id in signed.key_ids)

    def composable(
        self, ctx: Context, query: pb.QueryComposableRequest
    ) -> pb.QueryComposableResponse:
        """One page of what waits for a composer, in one namespace or in all."""
        group = query.namespace[:MAX_NAMESPACE_CHARS] or SINGLETON
        ids, pagination = ids_page(ctx, self._state.composable, group, query.pagination)
        composable = loaded_page(ids, lambda id_: self._composable(ctx, id_), pagination)
        return pb.QueryComposableResponse(composable=composable, pagination=pagination)

    def _found(self, ctx: Context, request_id: int) -> pb.QueryRequestResponse:
        request = self._state.request(ctx.store, request_id, with_steps=True)
        self._show_replacements(ctx, request)
        return pb.QueryRequestResponse(request=request)

    def _show_replacements(self, ctx: Context, request: pb.Request) -> None:
        """Put in what the treasury keeps: the transactions."""
        for one in request.replacements:
            asked = self._treasury.sign_transaction_request(ctx, one.sign_transaction_request_id)
            one.unsigned_transaction = asked.unsigned_transaction

    def _composable(self, ctx: Context, request_id: int) -> pb.Composable:
        request = self._state.request(ctx.store, request_id)
        chain = chain_for(request.destination)
        asked = payloads.simple(chain, request.event.sign.payload)
        index = request.event.sign.wallet_index
        wallet = self._state.wallets.get(ctx.store, (request.owner_id, request.coin_type, index))
        public_key = wallet.public_key if wallet is not None else b""
        caps = self._state.params(ctx.store).max_network_fee
        return pb.Composable(
            request=request,
            public_key=public_key,
            **{"from": chain.address(public_key)},
            to=asked.to,
            value=str(asked.value),
            data=asked.data,
            max_network_fee=str(payloads.fee_cap(chain, caps)),
        )
