"""The receiver as a ledger module: what it answers to, and how its parts hang together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format

from zrchain_lite import binding
from zrchain_lite.module import Context, Module, MsgHandler, QueryHandler
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.policy.keeper import PolicyKeeper
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.store.views import View
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy_wire
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury_wire
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_receiver.administration import Administration
from zrsign_receiver.answers.answers import MODULE_NAME, ContractAnswers
from zrsign_receiver.answers.deliveries import Deliveries
from zrsign_receiver.journey import Journey
from zrsign_receiver.messages import ReceiverMessages
from zrsign_receiver.queries import ReceiverQueries
from zrsign_receiver.reports.reporting import Reporting
from zrsign_receiver.requests.composition import Composition
from zrsign_receiver.requests.keys import Keys
from zrsign_receiver.requests.links import OwnerLinks
from zrsign_receiver.requests.ownership import Workspaces
from zrsign_receiver.requests.replacements import Replacements
from zrsign_receiver.requests.signing import Signing
from zrsign_receiver.state import ReceiverState


class ReceiverModule(Module):
    """Genesis: `params` (JSON of Params) and `sources` (JSON of Source). It hooks itself into
    policy and treasury.
    """

    name = MODULE_NAME

    def __init__(
        self,
        identity: IdentityKeeper,
        policy: PolicyKeeper,
        treasury: TreasuryKeeper,
    ) -> None:
        # Nobody signs for the account in whose name the receiver asks, and nobody pays into it.
        identity.bank.module_address(MODULE_NAME)
        self._state = state = ReceiverState()
        journey = Journey(state)
        self._treasury = treasury
        self._deliveries = Deliveries(state, journey)
        self._answers = ContractAnswers(state, journey, treasury, self._deliveries)
        workspaces = Workspaces(state, identity)
        self._keys = Keys(state, journey, workspaces, treasury, self._answers)
        self._signing = Signing(state, journey, policy, treasury, self._answers)
        self._composition = Composition(state, journey, treasury, self._signing)
        self._replacements = Replacements(
            state, journey, policy, treasury, self._composition, self._deliveries
        )
        self._links = OwnerLinks(state, journey, identity, policy, workspaces)
        self._reporting = Reporting(state, journey, self._keys, self._signing, self._links)
        self._administration = Administration(state, treasury)
        self._messages = ReceiverMessages(
            self._reporting,
            self._composition,
            self._replacements,
            self._deliveries,
            self._administration,
        )
        self._queries = ReceiverQueries(state, treasury)
        policy.hooks.append(self)
        treasury.hooks.append(self)

    def messages(self) -> tuple[MsgHandler, ...]:
        return binding.messages(pb.DESCRIPTOR, self._messages)

    def queries(self) -> tuple[QueryHandler, ...]:
        return binding.queries(pb.DESCRIPTOR, self._queries)

    def views(self) -> tuple[View, ...]:
        return self._state.views()

    def init_genesis(self, ctx: Context, genesis: Mapping[str, Any]) -> None:
        if "params" in genesis:
            params = json_format.ParseDict(genesis["params"], pb.Params())
            self._administration.set_params(ctx, params)
        for item in genesis.get("sources", ()):
            source = json_format.ParseDict(item, pb.Source())
            self._administration.set_source(ctx, source)

    def begin_block(self, ctx: Context) -> None:
        self._composition.sweep(ctx)
        self._reporting.sweep(ctx)

    # Policy hooks

    def action_approved(self, ctx: Context, action: policy_wire.Action, participant: str) -> None:
        """Note an approval on the request that waits for the action."""
        self._signing.action_approved(ctx, action, participant)
        self._links.action_approved(ctx, action, participant)

    def action_completed(self, ctx: Context, action: policy_wire.Action) -> None:
        """A signature's own execution has moved its request on."""
        self._links.action_completed(ctx, action)

    def action_ended(self, ctx: Context, action: policy_wire.Action) -> None:
        """End the request that waited for the action."""
        self._signing.action_ended(ctx, action)
        self._links.action_ended(ctx, action)

    # Treasury hooks

    def key_request_ended(self, ctx: Context, request: treasury_wire.KeyRequest) -> None:
        """Move on the request whose key was asked for."""
        self._keys.ended(ctx, request)

    def sign_request_ended(self, ctx: Context, sign_request: treasury_wire.SignRequest) -> None:
        """Move on the request whose signature, or whose answer's, was asked for."""
        link = self._state.links.get(ctx.store, sign_request.id)
        if link is None:
            self._standalone_ended(ctx, sign_request)
            return
        request = self._state.request(ctx.store, link.request_id)
        if link.authority:
            self._answers.authority_ended(ctx, request, sign_request)
        elif link.replacement:
            self._replacements.ended(ctx, request, sign_request)
        else:
            self._signing.ended(ctx, request, sign_request)

    def sign_transaction_created(
        self, ctx: Context, request: treasury_wire.SignTransactionRequest
    ) -> None:
        """Do nothing: a transaction is carried once it is signed."""

    def _standalone_ended(self, ctx: Context, sign_request: treasury_wire.SignRequest) -> None:
        """A transaction that was requested on the ledger itself has its signatures."""
        if sign_request.status != treasury_wire.SIGN_REQUEST_STATUS_FULFILLED:
            return
        asked = self._treasury.sign_transaction_by_sign_request(ctx, sign_request.id)
        if asked is not None:
            self._deliveries.open_standalone(ctx, asked, sign_request)
