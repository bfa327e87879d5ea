"""Which epoch of a key each party has committed: (group, refresh, epoch), which only grows."""

from __future__ import annotations

from zrchain_lite.errors import InvalidArgument, NotFound
from zrchain_lite.module import Context
from zrchain_lite.modules.operators import roots, state
from zrchain_lite.modules.operators.errors import EpochRegressed
from zrchain_lite.modules.treasury.keeper import TreasuryKeeper
from zrchain_lite.wire.zrsign.operators.operators_pb2 import KeyEpoch, MsgReportKeyEpoch

DIGEST_BYTES = 32


def report(ctx: Context, treasury: TreasuryKeeper, msg: MsgReportKeyEpoch) -> None:
    """Keep a party's latest epoch of a key; the same again changes nothing.

    A key is known from its request on, before enough parties answered. Raises InvalidArgument,
    NotFound, EpochRegressed.
    """
    _require_terms(ctx, treasury, msg)
    where = (msg.keyring, msg.key_id, msg.creator)
    known = state.EPOCHS.get(ctx.store, where)
    if not _is_repeated(known, msg):
        _keep(ctx, msg, known)
    if roots.is_root(msg.key_id):
        roots.settle(ctx, msg)


def _keep(ctx: Context, msg: MsgReportKeyEpoch, known: KeyEpoch | None) -> None:
    epoch = KeyEpoch(
        key_id=msg.key_id,
        party=msg.creator,
        index=state.latest_index(ctx.store, msg.keyring, msg.creator),
        group=msg.group,
        refresh=msg.refresh,
        epoch=msg.epoch,
        key_digest=msg.key_digest,
        height=ctx.height,
        public_key=msg.public_key,
        chain_code=msg.chain_code,
        since_ms=known.since_ms if known is not None and roots.same(known, msg) else ctx.time_ms,
    )
    state.EPOCHS.set(ctx.store, (msg.keyring, msg.key_id, msg.creator), epoch)
    ctx.emit(
        "operator_key_epoch_reported",
        keyring_addr=msg.keyring,
        key_id=msg.key_id,
        party=msg.creator,
        group=msg.group,
        refresh=msg.refresh,
        epoch=msg.epoch,
    )


def _is_repeated(known: KeyEpoch | None, msg: MsgReportKeyEpoch) -> bool:
    """Whether the party said exactly this last; raises EpochRegressed for what contradicts it."""
    if known is None or _place(known) < _place(msg) or not roots.same(known, msg):
        return False
    committed = f"{msg.creator} has committed {_text(known)} of key {msg.key_id}"
    if _place(known) > _place(msg):
        raise EpochRegressed(f"{committed}; {_text(msg)} is older")
    if known.key_digest != msg.key_digest:
        raise EpochRegressed(
            f"{committed} with digest {known.key_digest.hex()}, not {msg.key_digest.hex()}"
        )
    return True


def _require_terms(ctx: Context, treasury: TreasuryKeeper, msg: MsgReportKeyEpoch) -> None:
    if len(msg.key_digest) != DIGEST_BYTES:
        raise InvalidArgument(f"key_digest has {DIGEST_BYTES} bytes, not {len(msg.key_digest)}")
    if roots.is_root(msg.key_id):
        roots.require_terms(ctx, msg)
    elif treasury.key_request(ctx, msg.key_id).keyring_addr != msg.keyring:
        raise NotFound(f"key {msg.key_id} is not of keyring {msg.keyring}")
    elif msg.public_key or msg.chain_code:
        raise InvalidArgument("only a root is reported with its public key and chain code")
    standing = state.keyring_state(ctx.store, msg.keyring)
    if not 1 <= msg.group <= standing.group_number:
        raise InvalidArgument(
            f"keyring {msg.keyring} has groups up to {standing.group_number}, not {msg.group}"
        )
    if msg.refresh > standing.refresh_number:
        raise InvalidArgument(
            f"refresh {msg.refresh} of keyring {msg.keyring} was not ordered; "
            f"the last is {standing.refresh_number}"
        )


def _place(epoch: KeyEpoch | MsgReportKeyEpoch) -> tuple[int, int, int]:
    return epoch.group, epoch.refresh, epoch.epoch


def _text(epoch: KeyEpoch | MsgReportKeyEpoch) -> str:
    return f"epoch {epoch.epoch} of group {epoch.group}, refresh {epoch.refresh}"
