"""How validators have signed, and what becomes of those who did not, or did twice.

Source: Cosmos SDK 0.50, x/slashing and x/evidence.
"""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.wrappers_pb2 import BytesValue

from zrchain_lite import decimals
from zrchain_lite.errors import Conflict, InvalidArgument, NotFound
from zrchain_lite.module import Context, Misbehavior, Vote
from zrchain_lite.modules.bank.keeper import BankKeeper
from zrchain_lite.modules.staking import StakingKeeper, shares
from zrchain_lite.modules.staking.keys import consensus_address
from zrchain_lite.modules.staking.slashes import Slashes
from zrchain_lite.modules.staking.state import DELEGATIONS
from zrchain_lite.store.collections import StoredMap, encode_key
from zrchain_lite.validator_addresses import account_of, consensus_text
from zrchain_lite.wire.cosmos.slashing.v1beta1.slashing_pb2 import Params, ValidatorSigningInfo
from zrchain_lite.wire.cosmos.staking.v1beta1.staking_pb2 import BOND_STATUS_UNBONDED, Validator

PARAMS = StoredMap("slashing/params", Params)
INFOS = StoredMap("slashing/info", ValidatorSigningInfo)
"""How validators have signed, by consensus address (20 bytes)."""
MISSED = StoredMap("slashing/missed", BytesValue)
"""Which blocks of the window were missed: bits, by consensus address and chunk of the window."""
CHUNK_BITS = 1024
MAX_WINDOW = 100_000
NEVER_S = 253402300799
"""The last second of the year 9999: until then a validator that signed twice is jailed."""
_UPDATE_DELAY = 1
"""How many blocks later the engine acts on other powers."""

DEFAULT_PARAMS = Params(
    signed_blocks_window=100,
    min_signed_per_window=str(decimals.parse("0.5")).encode(),
    downtime_jail_duration=Duration(seconds=600),
    slash_fraction_double_sign=str(decimals.parse("0.05")).encode(),
    slash_fraction_downtime=str(decimals.parse("0.01")).encode(),
)


class SlashingKeeper:
    """Watches the commits of blocks; stake tells it who is bonded."""

    def __init__(self, bank: BankKeeper, staking: StakingKeeper) -> None:
        self._staking = staking
        self.slashes = Slashes(staking, bank)

    def params(self, ctx: Context) -> Params:
        """The module's parameters, zero on a chain without stake."""
        return PARAMS.get(ctx.store, b"") or Params()

    def set_params(self, ctx: Context, params: Params) -> None:
        """Store parameters; raises InvalidArgument. A change of the window begins it anew."""
        fractions = (
            params.min_signed_per_window,
            params.slash_fraction_double_sign,
            params.slash_fraction_downtime,
        )
        fits = (
            0 < params.signed_blocks_window <= MAX_WINDOW
            and 0 < params.downtime_jail_duration.ToSeconds() <= 10**9
            and all(decimals.stored(each) <= decimals.ONE for each in fractions)
        )
        if not fits:
            raise InvalidArgument(
                f"slashing parameters: a window of 1 to {MAX_WINDOW} blocks, a jail of 1 to 10^9 "
                "seconds, and fractions of at most 1"
            )
        window = self.params(ctx).signed_blocks_window
        PARAMS.set(ctx.store, b"", params)
        if window not in (0, params.signed_blocks_window):
            for key, raw in list(ctx.store.iterate(INFOS.prefix)):
                info = ValidatorSigningInfo.FromString(raw)
                address = key[len(INFOS.prefix) :]
                self._begin_window(ctx, address, info)
                INFOS.set(ctx.store, address, info)

    def begin_block(self, ctx: Context) -> None:
        """Count who signed the block before, and punish who signed twice."""
        if not self._staking.params(ctx).max_validators:
            return
        for vote in ctx.votes:
            self._count(ctx, vote)
        for misbehavior in ctx.misbehavior:
            self._punish(ctx, misbehavior)

    def unjail(self, ctx: Context, operator: str) -> None:
        """Let a validator stand in the order of power again; raises NotFound or Conflict."""
        validator = self._staking.validator(ctx, operator)
        own = DELEGATIONS.get(ctx.store, (account_of(operator), operator))
        if own is None:
            raise NotFound(
                "the operator has no stake of its own with the validator",
                code=6,
                codespace="slashing",
            )
        worth = shares.worth(validator, decimals.stored(own.shares)) // decimals.ONE
        if worth < int(validator.min_self_delegation):
            raise Conflict(
                f"the operator has {worth}urock of its own with the validator and promised "
                f"{validator.min_self_delegation}urock; delegate more first",
                code=7,
                codespace="slashing",
            )
        if not validator.jailed:
            raise Conflict("the validator is not jailed", code=5, codespace="slashing")
        info = INFOS.get(ctx.store, consensus_address(validator))
        if info is not None and info.tombstoned:
            raise Conflict(
                "the validator signed twice and is jailed for good", code=4, codespace="slashing"
            )
        if info is not None and ctx.time_ms < info.jailed_until.ToMilliseconds():
            raise Conflict(
                f"the validator is jailed until {info.jailed_until.ToJsonString()}",
                code=4,
                codespace="slashing",
            )
        self._staking.set_jailed(ctx, validator, jailed=False)

    # -- hooks of stake --------------------------------------------------------------------------

    def validator_created(self, ctx: Context, operator: str) -> None:
        """Refuse a key that signed twice before; raises Conflict."""
        address = consensus_address(self._staking.validator(ctx, operator))
        info = INFOS.get(ctx.store, address)
        if info is not None and info.tombstoned:
            raise Conflict(
                "this key signed twice and is jailed for good; make another",
                code=4,
                codespace="slashing",
            )

    def validator_bonded(self, ctx: Context, operator: str) -> None:
        """Its blocks count from here on."""
        address = consensus_address(self._staking.validator(ctx, operator))
        info = INFOS.get(ctx.store, address)
        if info is None:
            info = ValidatorSigningInfo(address=consensus_text(address))
            info.jailed_until.SetInParent()
        info.start_height = ctx.height
        INFOS.set(ctx.store, address, info)

    def validator_removed(self, ctx: Context, operator: str) -> None:
        """Nothing: what its key has signed is remembered."""

    def validator_slashed(self, ctx: Context, operator: str, fraction: int) -> None:
        """Nothing: this module asked for it."""

    def delegation_creating(self, ctx: Context, operator: str, delegator: str) -> None:
        """Nothing: who delegates does not sign."""

    def delegation_changing(self, ctx: Context, operator: str, delegator: str) -> None:
        """Nothing: who delegates does not sign."""

    def delegation_changed(self, ctx: Context, operator: str, delegator: str) -> None:
        """Nothing: who delegates does not sign."""

    # -- inside ----------------------------------------------------------------------------------

    def _count(self, ctx: Context, vote: Vote) -> None:
        info = INFOS.get(ctx.store, vote.address)
        validator = self._staking.by_consensus(ctx, vote.address)
        if info is None or validator is None or validator.jailed:
            return
        params = self.params(ctx)
        window = params.signed_blocks_window
        place = info.index_offset % window
        info.index_offset += 1
        missed = not vote.signed
        if self._mark(ctx, vote.address, place, missed) != missed:
            info.missed_blocks_counter += 1 if missed else -1
        if missed:
            ctx.emit(
                "liveness",
                address=info.address,
                missed_blocks=info.missed_blocks_counter,
                height=ctx.height,
            )
        least = decimals.mul(decimals.stored(params.min_signed_per_window), window * decimals.ONE)
        most = window - (least + decimals.ONE // 2) // decimals.ONE
        if ctx.height > info.start_height + window and info.missed_blocks_counter > most:
            fraction = decimals.stored(params.slash_fraction_downtime)
            height = ctx.height - _UPDATE_DELAY - 1
            self._slash(ctx, validator, height, vote.power, fraction, "missing_signature")
            ends = ctx.time_ms + params.downtime_jail_duration.ToMilliseconds()
            info.jailed_until.FromMilliseconds(ends)
            self._begin_window(ctx, vote.address, info)
        INFOS.set(ctx.store, vote.address, info)

    def _punish(self, ctx: Context, misbehavior: Misbehavior) -> None:
        validator = self._staking.by_consensus(ctx, misbehavior.address)
        info = INFOS.get(ctx.store, misbehavior.address)
        if validator is None or validator.status == BOND_STATUS_UNBONDED:
            return
        if info is None or info.tombstoned:
            return
        fraction = decimals.stored(self.params(ctx).slash_fraction_double_sign)
        height = misbehavior.height - _UPDATE_DELAY
        self._slash(ctx, validator, height, misbehavior.power, fraction, "double_sign")
        info.jailed_until.seconds, info.jailed_until.nanos = NEVER_S, 0
        info.tombstoned = True
        INFOS.set(ctx.store, misbehavior.address, info)

    def _slash(
        self,
        ctx: Context,
        validator: Validator,
        height: int,
        power: int,
        fraction: int,
        reason: str,
    ) -> None:
        burned = self.slashes.slash(ctx, validator, height, power, fraction)
        now = self._staking.validator(ctx, validator.operator_address)
        if not now.jailed:
            self._staking.set_jailed(ctx, now, jailed=True)
        ctx.emit(
            "slash",
            address=consensus_text(consensus_address(validator)),
            power=power,
            reason=reason,
            jailed=consensus_text(consensus_address(validator)),
            burned_coins=burned,
        )

    def _mark(self, ctx: Context, address: bytes, place: int, missed: bool) -> bool:
        """Set a block's bit, and return the one that was there."""
        key, bit = (address, place // CHUNK_BITS), 1 << place % CHUNK_BITS
        stored = MISSED.get(ctx.store, key)
        bits = 0 if stored is None else int.from_bytes(stored.value, "little")
        before = bool(bits & bit)
        if before != missed:
            bits ^= bit
            size = (bits.bit_length() + 7) // 8
            MISSED.set(ctx.store, key, BytesValue(value=bits.to_bytes(size, "little")))
        return before

    @staticmethod
    def _begin_window(ctx: Context, address: bytes, info: ValidatorSigningInfo) -> None:
        info.missed_blocks_counter = info.index_offset = 0
        for key, _ in list(ctx.store.iterate(MISSED.prefix + encode_key((address,)))):
            ctx.store.delete(key)
