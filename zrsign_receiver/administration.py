"""What the authority decides: parameters, and which contracts may ask."""

from __future__ import annotations

from collections.abc import Sequence

from zrchain_lite.errors import InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.addresses import require_account, require_keyring
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrsign_chains import ChainError, chain_for
from zrsign_receiver.answers.answers import authority_purpose
from zrsign_receiver.reports import intake
from zrsign_receiver.state import ReceiverState

MAX_MEMBERS = 100


class Administration:
    """Handles MsgUpdateParams and MsgRegisterSource."""

    def __init__(self, state: ReceiverState, treasury_keeper: TreasuryKeeper) -> None:
        self._state = state
        self._treasury = treasury_keeper

    def update_params(self, ctx: Context, msg: pb.MsgUpdateParams) -> pb.MsgUpdateParamsResponse:
        """Replace the parameters; raises Unauthorized for anybody but the authority."""
        self._require_authority(ctx, msg.authority)
        self.set_params(ctx, msg.params)
        return pb.MsgUpdateParamsResponse()

    def register_source(
        self, ctx: Context, msg: pb.MsgRegisterSource
    ) -> pb.MsgRegisterSourceResponse:
        """A source that is registered already is replaced: that is how it is stopped, and how its
        authority rotates.
        """
        self._require_authority(ctx, msg.authority)
        self.set_source(ctx, msg.source)
        return pb.MsgRegisterSourceResponse()

    def set_params(self, ctx: Context, params: pb.Params) -> None:
        """Store parameters that make sense; raises InvalidArgument for others."""
        self._state.set_params(ctx.store, checked_params(params))

    def set_source(self, ctx: Context, source: pb.Source) -> None:
        """Store a source in the one spelling of its names; raises InvalidArgument or NotFound."""
        checked = pb.Source(
            chain=intake.evm_chain(source.chain),
            contract=intake.address("contract", source.contract),
            mode=source.mode,
            authority_key_id=source.authority_key_id,
            active=source.active,
            typed_answers=source.typed_answers,
        )
        match checked.mode:
            case pb.MODE_DIRECT:
                self._take_authority_key(ctx, checked)
            case pb.MODE_OMNI if checked.authority_key_id or checked.typed_answers:
                raise InvalidArgument(
                    "an Omni source has no authority key and no typed answers: they stay here"
                )
            case pb.MODE_OMNI:
                pass
            case _:
                raise InvalidArgument(f"mode {source.mode} is neither DIRECT nor OMNI")
        self._state.sources.set(ctx.store, (checked.chain, checked.contract), checked)

    def _take_authority_key(self, ctx: Context, source: pb.Source) -> None:
        """One key serves one contract, even after that contract took another; and from now on
        nobody but this room may ask it to sign. Raises Conflict.
        """
        key = self._treasury.key(ctx, source.authority_key_id)
        if key.type != treasury.KEY_TYPE_ECDSA_SECP256K1:
            raise InvalidArgument(
                f"key {key.id} is a {treasury.KeyType.Name(key.type)}: "
                "contracts recover ECDSA_SECP256K1"
            )
        self._treasury.reserve_key(ctx, key.id, authority_purpose(source))

    def _require_authority(self, ctx: Context, account: str) -> None:
        authority = self._state.params(ctx.store).authority
        if not authority or account != authority:
            raise Unauthorized(f"{account} is not the receiver's authority {authority or '(none)'}")


def checked_params(params: pb.Params) -> pb.Params:
    """The same parameters, if they make sense together. Raises InvalidArgument."""
    for field in ("authority", "fee_payer"):
        require_account(getattr(params, field))
    require_keyring(params.keyring_addr)
    for field in ("observers", "composers", "relayers"):
        _require_accounts(field, getattr(params, field))
    if not 1 <= params.observer_threshold <= max(1, len(params.observers)):
        raise InvalidArgument(
            f"observer_threshold {params.observer_threshold} is not within 1 to the number of "
            f"observers, {len(params.observers)}"
        )
    if len(set(params.destinations)) != len(params.destinations):
        raise InvalidArgument("a destination is named twice")
    for destination in params.destinations:
        try:
            chain_for(destination)
        except ChainError as error:
            raise InvalidArgument(f"destination: {error}") from error
    for namespace, cap in sorted(params.max_network_fee.items()):
        if not (cap.isascii() and cap.isdigit() and len(cap) <= 78):
            raise InvalidArgument(
                f"max_network_fee of {namespace} is {cap!r}: expected a decimal number"
            )
    return params


def _require_accounts(field: str, accounts: Sequence[str]) -> None:
    if len(accounts) > MAX_MEMBERS or len(set(accounts)) != len(accounts):
        raise InvalidArgument(f"{field}: at most {MAX_MEMBERS}, none twice")
    for account in accounts:
        require_account(account)
