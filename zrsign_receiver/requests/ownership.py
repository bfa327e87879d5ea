"""Who owns what: an owner's identity, its workspaces and its wallets.

An externally owned account is one owner on all EVM chains, so its keys are the same whichever
contract asked. A contract is an owner on its chain only: the same address elsewhere may belong to
somebody else.
"""

from __future__ import annotations

from collections.abc import Iterable

from zrchain_lite.module import Context
from zrchain_lite.modules.identity.keeper import IdentityKeeper
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as pb
from zrchain_lite.wire.zrsign.receiver import state_pb2 as kept
from zrsign_chains import Chain, WalletType, chain_for
from zrsign_receiver.errors import Reason, Rejection
from zrsign_receiver.state import ReceiverState

ZERO_ADDRESS = "0x" + "00" * 20
# The largest index that is reported stands for every larger one.
MAX_WALLET_INDEX = 2**64 - 2


def owner_id(event: pb.SourceEvent) -> str:
    """EIP-55 of an externally owned account, CAIP-10 of a contract. Raises Rejection
    `invalid_owner` for address zero.
    """
    if event.owner == ZERO_ADDRESS:
        raise Rejection(
            Reason.INVALID_OWNER, "address zero owns nothing; name an owner in the key request"
        )
    return f"{event.id.chain}:{event.owner}" if event.owner_is_contract else event.owner


def wallet_chain(wallet_type: WalletType, destinations: Iterable[str]) -> Chain:
    """The chain whose addresses a wallet of this type shows: the first of its networks among
    `destinations`, or the one that it is known by. On most chains all networks show the same.
    """
    fitting = (caip2 for caip2 in destinations if caip2.startswith(wallet_type.namespace + ":"))
    own = (chain for chain in map(chain_for, fitting) if chain.wallet == wallet_type)
    return next(own, None) or chain_for(wallet_type.network)


def wallet_address(wallet_type: WalletType, public_key: bytes, destinations: Iterable[str]) -> str:
    """The address that the wallet's owner is told."""
    return wallet_chain(wallet_type, destinations).address(public_key)


class Workspaces:
    """One parent workspace for an owner, one child for each coin type (its alias). Only workspaces
    that this room made count: anybody may make one that names somebody else as an owner.
    """

    def __init__(self, state: ReceiverState, identity: IdentityKeeper) -> None:
        self._state = state
        self._identity = identity

    def child(self, ctx: Context, owner: str, coin_type: int) -> str:
        """The address, made on demand; a new child takes its parent's owners and policies."""
        known = self._state.children.get(ctx.store, (owner, coin_type))
        if known is not None:
            return known.value
        child = self._identity.create_child(ctx, self.parent(ctx, owner), str(coin_type))
        self._state.children.set(ctx.store, (owner, coin_type), kept.Text(value=child.address))
        return child.address

    def parent(self, ctx: Context, owner: str) -> str:
        """The address, made on demand."""
        known = self._state.parents.get(ctx.store, (owner,))
        if known is not None:
            return known.value
        parent = self._identity.create_workspace(ctx, owner, [owner])
        self._state.parents.set(ctx.store, (owner,), kept.Text(value=parent.address))
        return parent.address

    def of(self, ctx: Context, owner: str) -> list[str]:
        """Addresses of those that were made, the parent first."""
        parent = self._state.parents.get(ctx.store, (owner,))
        above = [] if parent is None else [parent.value]
        return [*above, *self._state.children_of(ctx.store, owner)]
