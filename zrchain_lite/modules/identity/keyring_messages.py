"""Messages that make and change keyrings, by an admin's signature alone, and parameters."""

from __future__ import annotations

from collections.abc import Sequence

from zrchain_lite.errors import Conflict, InvalidArgument, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.identity import state
from zrchain_lite.modules.identity.addresses import require_account
from zrchain_lite.modules.identity.authority import Authority
from zrchain_lite.modules.identity.keeper import MAX_MEMBERS, IdentityKeeper, KeyringInactive
from zrchain_lite.wire.zrchain.identity import identity_pb2 as wire
from zrchain_lite.wire.zrchain.identity.identity_pb2 import Keyring

MAX_DESCRIPTION = 255
# All the urock there can be.
MAX_FEE = 10**15


class KeyringMessages:
    """Handlers of the keyring messages."""

    def __init__(self, keeper: IdentityKeeper, authority: Authority) -> None:
        self._keeper = keeper
        self._authority = authority

    def new_keyring(self, ctx: Context, msg: wire.MsgNewKeyring) -> wire.MsgNewKeyringResponse:
        """The keyring has no parties yet; its threshold grows with them."""
        require_account(msg.creator)
        _require_terms(msg.description, msg.key_req_fee, msg.sig_req_fee)
        keyring = self._keeper.create_keyring(
            ctx,
            Keyring(
                creator=msg.creator,
                description=msg.description,
                admins=[msg.creator],
                party_threshold=min(msg.party_threshold, MAX_MEMBERS),
                key_req_fee=msg.key_req_fee,
                sig_req_fee=msg.sig_req_fee,
                is_active=True,
                delegate_fees=msg.delegate_fees,
            ),
        )
        ctx.emit("new_keyring", keyring_addr=keyring.address)
        return wire.MsgNewKeyringResponse(addr=keyring.address)

    def add_keyring_party(
        self, ctx: Context, msg: wire.MsgAddKeyringParty
    ) -> wire.MsgAddKeyringPartyResponse:
        """Let one more account answer for the keyring, and raise the threshold if asked."""
        keyring = self._active(ctx, msg.keyring_addr, msg.creator)
        if require_account(msg.party) in keyring.parties:
            raise Conflict(f"{msg.party} already is a party of keyring {keyring.address}")
        _require_room(keyring.parties, "parties")
        keyring.parties.append(msg.party)
        keyring.party_threshold = max(keyring.party_threshold + msg.increase_threshold, 1)
        self._save(ctx, keyring, "keyring_party_added", party=msg.party)
        return wire.MsgAddKeyringPartyResponse()

    def remove_keyring_party(
        self, ctx: Context, msg: wire.MsgRemoveKeyringParty
    ) -> wire.MsgRemoveKeyringPartyResponse:
        """Let an account no longer answer for the keyring, and lower the threshold if asked."""
        keyring = self._active(ctx, msg.keyring_addr, msg.creator)
        if require_account(msg.party) not in keyring.parties:
            raise InvalidArgument(f"{msg.party} is no party of keyring {keyring.address}")
        keyring.parties.remove(msg.party)
        threshold = max(keyring.party_threshold - msg.decrease_threshold, 0)
        keyring.party_threshold = min(threshold, len(keyring.parties))
        self._save(ctx, keyring, "keyring_party_removed", party=msg.party)
        return wire.MsgRemoveKeyringPartyResponse()

    def add_keyring_admin(
        self, ctx: Context, msg: wire.MsgAddKeyringAdmin
    ) -> wire.MsgAddKeyringAdminResponse:
        """Let one more account administer the keyring."""
        keyring = self._active(ctx, msg.keyring_addr, msg.creator)
        if require_account(msg.admin) in keyring.admins:
            raise Conflict(f"{msg.admin} already is an admin of keyring {keyring.address}")
        _require_room(keyring.admins, "admins")
        keyring.admins.append(msg.admin)
        self._save(ctx, keyring, "keyring_admin_added", admin=msg.admin)
        return wire.MsgAddKeyringAdminResponse()

    def remove_keyring_admin(
        self, ctx: Context, msg: wire.MsgRemoveKeyringAdmin
    ) -> wire.MsgRemoveKeyringAdminResponse:
        """Let an account no longer administer the keyring; the last one stays."""
        keyring = self._active(ctx, msg.keyring_addr, msg.creator)
        if require_account(msg.admin) not in keyring.admins:
            raise InvalidArgument(f"{msg.admin} is no admin of keyring {keyring.address}")
        if len(keyring.admins) == 1:
            raise Conflict(f"{msg.admin} is the last admin of keyring {keyring.address}")
        keyring.admins.remove(msg.admin)
        self._save(ctx, keyring, "keyring_admin_removed", admin=msg.admin)
        return wire.MsgRemoveKeyringAdminResponse()

    def update_keyring(
        self, ctx: Context, msg: wire.MsgUpdateKeyring
    ) -> wire.MsgUpdateKeyringResponse:
        """Overwrites fees, description and status, and the threshold unless that is 0."""
        keyring = self._administered(ctx, msg.keyring_addr, msg.creator)
        _require_terms(msg.description, msg.key_req_fee, msg.sig_req_fee)
        if msg.party_threshold > len(keyring.parties):
            raise InvalidArgument(
                f"{len(keyring.parties)} parties cannot meet a threshold of {msg.party_threshold}"
            )
        keyring.party_threshold = msg.party_threshold or keyring.party_threshold
        keyring.key_req_fee = msg.key_req_fee
        keyring.sig_req_fee = msg.sig_req_fee
        keyring.description = msg.description
        keyring.is_active = msg.is_active
        self._save(ctx, keyring, "keyring_updated", is_active=str(msg.is_active).lower())
        return wire.MsgUpdateKeyringResponse()

    def deactivate_keyring(
        self, ctx: Context, msg: wire.MsgDeactivateKeyring
    ) -> wire.MsgDeactivateKeyringResponse:
        """Let the keyring take no further requests."""
        keyring = self._administered(ctx, msg.keyring_addr, msg.creator)
        keyring.is_active = False
        self._save(ctx, keyring, "keyring_deactivated")
        return wire.MsgDeactivateKeyringResponse()

    def update_params(
        self, ctx: Context, msg: wire.MsgUpdateParams
    ) -> wire.MsgUpdateParamsResponse:
        """Replace the module's parameters; only its authority may."""
        self._authority.require(ctx, msg.authority)
        state.PARAMS.set(ctx.store, b"", checked_params(msg.params))
        return wire.MsgUpdateParamsResponse()

    def _administered(self, ctx: Context, address: str, account: str) -> Keyring:
        keyring = self._keeper.keyring(ctx, address)
        if account not in keyring.admins:
            raise Unauthorized(f"{account} is no admin of keyring {address}")
        return keyring

    def _active(self, ctx: Context, address: str, account: str) -> Keyring:
        keyring = self._administered(ctx, address, account)
        if not keyring.is_active:
            raise KeyringInactive(f"keyring {address} is inactive; activate it with UpdateKeyring")
        return keyring

    def _save(self, ctx: Context, keyring: Keyring, event: str, **attributes: str) -> None:
        self._keeper.save_keyring(ctx, keyring)
        ctx.emit(event, keyring_addr=keyring.address, **attributes)


def checked_params(params: wire.Params) -> wire.Params:
    """The parameters; raises InvalidArgument when nobody could pay the fee."""
    if params.keyring_creation_fee > MAX_FEE:
        raise InvalidArgument(f"keyring_creation_fee is at most {MAX_FEE} urock")
    return params


def _require_room(members: Sequence[str], what: str) -> None:
    if len(members) >= MAX_MEMBERS:
        raise Conflict(f"a keyring has at most {MAX_MEMBERS} {what}")


def _require_terms(description: str, key_req_fee: int, sig_req_fee: int) -> None:
    if len(description) > MAX_DESCRIPTION:
        raise InvalidArgument(
            f"a description has at most {MAX_DESCRIPTION} characters, not {len(description)}"
        )
    if max(key_req_fee, sig_req_fee) > MAX_FEE:
        raise InvalidArgument(f"a fee is at most {MAX_FEE} urock, all there can be")
