"""What an engine and the application tell each other of validators, in ABCI's words."""

from __future__ import annotations

from collections.abc import Mapping

from zrchain_lite.module import Misbehavior, Vote
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrchain_lite.wire.tendermint.types.types_pb2 import BLOCK_ID_FLAG_ABSENT


def votes(request: abci.RequestFinalizeBlock) -> tuple[Vote, ...]:
    """Who signed the block before. A vote for no block is a validator that is there."""
    return tuple(
        Vote(
            vote.validator.address,
            vote.validator.power,
            vote.block_id_flag != BLOCK_ID_FLAG_ABSENT,
        )
        for vote in request.decided_last_commit.votes
    )


def misbehavior(request: abci.RequestFinalizeBlock) -> tuple[Misbehavior, ...]:
    """Who signed two blocks of one height; an attack on light clients is one as well."""
    return tuple(
        Misbehavior(
            each.validator.address,
            each.height,
            each.time.ToMilliseconds(),
            each.validator.power,
        )
        for each in request.misbehavior
    )


def updates(powers: Mapping[bytes, int]) -> list[abci.ValidatorUpdate]:
    """Validators whose power changes, in the order of their keys."""
    told = []
    for key in sorted(powers):
        update = abci.ValidatorUpdate(power=powers[key])
        update.pub_key.ed25519 = key
        told.append(update)
    return told
