"""The operators module's messages: administrators of a keyring order, its parties report."""

from __future__ import annotations

from zrchain_lite.errors import Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.modules.operators import epochs, faults, groups, settings
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.modules.treasury.parties import require_party
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire


class OperatorsMessages:
    """Handlers. Who sends is checked before what is sent."""

    def __init__(self, identity: IdentityKeeper, treasury: TreasuryKeeper) -> None:
        self._identity = identity
        self._treasury = treasury

    def set_group(self, ctx: Context, msg: wire.MsgSetGroup) -> wire.MsgSetGroupResponse:
        """Name who is to hold the keyring's keys; only an administrator may."""
        keyring = self._administered(ctx, msg.keyring, msg.creator)
        return wire.MsgSetGroupResponse(number=groups.set_group(ctx, keyring, msg))

    def order_refresh(
        self, ctx: Context, msg: wire.MsgOrderRefresh
    ) -> wire.MsgOrderRefreshResponse:
        """Order new shares of every key; only an administrator may."""
        self._administered(ctx, msg.keyring, msg.creator)
        number = settings.order_refresh(ctx, msg.keyring)
        return wire.MsgOrderRefreshResponse(refresh_number=number)

    def set_measurements(
        self, ctx: Context, msg: wire.MsgSetMeasurements
    ) -> wire.MsgSetMeasurementsResponse:
        """Replace the builds that may be admitted; only an administrator may."""
        self._administered(ctx, msg.keyring, msg.creator)
        settings.set_measurements(ctx, msg.keyring, msg.measurements)
        return wire.MsgSetMeasurementsResponse()

    def report_fault(self, ctx: Context, msg: wire.MsgReportFault) -> wire.MsgReportFaultResponse:
        """Report a member with evidence; only a party of the keyring may."""
        require_party(self._identity.keyring(ctx, msg.keyring), msg.creator)
        return wire.MsgReportFaultResponse(fault_id=faults.report(ctx, msg))

    def pardon_member(
        self, ctx: Context, msg: wire.MsgPardonMember
    ) -> wire.MsgPardonMemberResponse:
        """Forget the reports about a member; only an administrator may."""
        self._administered(ctx, msg.keyring, msg.creator)
        count = settings.pardon(ctx, msg.keyring, msg.index)
        return wire.MsgPardonMemberResponse(count=count)

    def report_key_epoch(
        self, ctx: Context, msg: wire.MsgReportKeyEpoch
    ) -> wire.MsgReportKeyEpochResponse:
        """Say that an epoch of a key is kept; only a party of the keyring may."""
        require_party(self._identity.keyring(ctx, msg.keyring), msg.creator)
        epochs.report(ctx, self._treasury, msg)
        return wire.MsgReportKeyEpochResponse()

    def _administered(self, ctx: Context, address: str, account: str) -> Keyring:
        keyring = self._identity.keyring(ctx, address)
        if account not in keyring.admins:
            raise Unauthorized(f"{account} is no admin of keyring {address}")
        return keyring
