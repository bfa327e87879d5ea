"""Whatever users and parties do, the escrow holds the fees of open requests, not an urock else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.zrchain_lite.modules.treasury.world import (
    BITCOIN,
    ECDSA,
    ED25519,
    REJECTED,
    WEALTH,
    World,
)
from zrchain_lite.errors import LedgerError
from zrchain_lite.module import Context
from zrchain_lite.modules.treasury import state
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import KeyRequest, SignRequest

SECRETS = {1: ECDSA, 2: ED25519, 3: BITCOIN}
OPEN = (1, 2)
PARTY = st.integers(0, 3)  # the last one is no party
PICK = st.integers(0, 50)


def _choose(requests: Any, pick: int) -> Any:
    """Mostly a request that is open, sometimes any."""
    waiting = [r for r in requests if r.status in OPEN and not getattr(r, "child_req_ids", ())]
    among = requests if pick % 5 == 0 or not waiting else waiting
    return among[pick % len(among)] if among else None


class Escrow(RuleBasedStateMachine):
    """Two users, a keyring of three parties with a threshold of two, commission 7 %."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(genesis={"treasury": {"params": {"keyringCommission": 7}}})
        self.ended: set[tuple[str, int]] = set()
        self.world.treasury.hooks.append(self)
        self.users = [self.world.account(), self.world.account(500)]
        self.parties = [self.world.account() for _ in range(4)]
        admin = self.parties[0]
        self.keyring = self.world.keyring(admin, self.parties[:3], threshold=2, fee=33)
        self.workspaces = [self.world.workspace(user) for user in self.users]
        for workspace, user in zip(self.workspaces, self.users, strict=True):
            for secret in SECRETS.values():
                request_id = self.world.request_key(
                    user, workspace, self.keyring, key_type=secret.word
                )
                for party in self.parties[:2]:
                    self.world.answer_key(party, request_id, secret.public_key)
        self.total = 5 * WEALTH + 500

    def key_request_ended(self, ctx: Context, req: Any) -> None:
        self._end("key", req.id)

    def sign_request_ended(self, ctx: Context, req: Any) -> None:
        assert not req.parent_req_id
        self._end("sign", req.id)

    def sign_transaction_created(self, ctx: Context, req: Any) -> None: ...

    def _end(self, kind: str, id_: int) -> None:
        assert (kind, id_) not in self.ended, "a request ends once"
        self.ended.add((kind, id_))

    @rule(user=st.integers(0, 1), word=st.sampled_from(["ecdsa", "bitcoin", "ed25519"]))
    def ask_key(self, user: int, word: str) -> None:
        with suppress(LedgerError):  # the second user runs out of money
            self.world.request_key(
                self.users[user], self.workspaces[user], self.keyring, key_type=word
            )

    @rule(pick=PICK, user=st.integers(0, 1), items=st.integers(1, 3))
    def ask_signature(self, pick: int, user: int, items: int) -> None:
        keys = list(state.KEYS.values(self.world.store))
        if keys:
            key = keys[pick % len(keys)]
            with suppress(LedgerError):  # somebody else's key, or no money
                self.world.request_signature(
                    self.users[user], [key.id] * items, *([bytes([pick]) * 32] * items)
                )

    @rule(
        pick=PICK,
        party=PARTY,
        how=st.sampled_from(["right", "right", "right", "right", "wrong", "no", "bad sig"]),
    )
    def answer_key(self, pick: int, party: int, how: str) -> None:
        request = _choose(list(state.KEY_REQUESTS.values(self.world.store)), pick)
        public_key = SECRETS[request.key_type].public_key if how != "wrong" else b"\x02" * 33
        self._answer(self.world.answer_key, party, request.id, public_key, how)

    @rule(
        pick=PICK,
        party=PARTY,
        how=st.sampled_from(["right", "right", "right", "right", "wrong", "no", "bad sig"]),
    )
    def answer_signature(self, pick: int, party: int, how: str) -> None:
        request = _choose(list(state.SIGN_REQUESTS.values(self.world.store)), pick)
        if request is None:
            return
        item = request.data_for_signing[0] if how != "wrong" else b"\xee" * 32
        self._answer(
            self.world.answer, party, request.id, SECRETS[request.key_type].sign(item), how
        )

    @rule(pick=PICK, order=st.permutations([0, 1, 2]))
    def make_a_key(self, pick: int, order: list[int]) -> None:
        """Every party answers one request, rightly."""
        request = _choose(list(state.KEY_REQUESTS.values(self.world.store)), pick)
        public_key = SECRETS[request.key_type].public_key
        for party in order:
            self._answer(self.world.answer_key, party, request.id, public_key, "right")

    @rule(pick=PICK, order=st.permutations([0, 1, 2]))
    def answer_a_family(self, pick: int, order: list[int]) -> None:
        """Every party answers everything that belongs to one request, rightly."""
        request = _choose(list(state.SIGN_REQUESTS.values(self.world.store)), pick)
        if request is None:
            return
        root = self.world.sign_request(request.parent_req_id or request.id)
        for id_ in root.child_req_ids or [root.id]:
            (item,) = self.world.sign_request(id_).data_for_signing
            signature = SECRETS[root.key_type].sign(item)
            for party in order:
                self._answer(self.world.answer, party, id_, signature, "right")

    def _answer(self, send: Any, party: int, request_id: int, content: bytes, how: str) -> None:
        fields: dict[str, object] = {"status": REJECTED} if how == "no" else {}
        if how == "bad sig":
            fields["keyring_party_signature"] = b"\x01" * 64
        with suppress(LedgerError):
            send(self.parties[party], request_id, content, **fields)

    @rule(blocks=st.sampled_from([1, 1, 2, 9, 21]))
    def advance(self, blocks: int) -> None:
        self.world.advance(blocks)

    @rule(active=st.booleans(), fee=st.integers(0, 40), threshold=st.integers(1, 3))
    def change_keyring(self, active: bool, fee: int, threshold: int) -> None:
        self.world.do(
            identity.MsgUpdateKeyring(
                creator=self.parties[0].address,
                keyring_addr=self.keyring,
                party_threshold=threshold,
                key_req_fee=fee,
                sig_req_fee=fee,
                is_active=active,
            )
        )

    @invariant()
    def escrow_holds_the_open_fees(self) -> None:
        assert self.world.escrow == self.world.open_fees()

    @invariant()
    def money_is_conserved(self) -> None:
        holders = [user.address for user in (*self.users, *self.parties)]
        held = sum(self.world.balance(holder) for holder in (*holders, self.keyring))
        assert held + self.world.escrow + self.world.collector == self.total

    @invariant()
    def parties_never_pay(self) -> None:
        assert all(self.world.balance(party.address) == WEALTH for party in self.parties)

    @invariant()
    def the_whole_fee_goes_one_way(self) -> None:
        earned = self.world.balance(self.keyring) + self.world.collector
        requests: list[KeyRequest | SignRequest] = [
            *state.KEY_REQUESTS.values(self.world.store),
            *state.SIGN_REQUESTS.values(self.world.store),
        ]
        assert earned == sum(request.fee for request in requests if request.status == 3)

    @invariant()
    def families_end_together(self) -> None:
        for request in state.SIGN_REQUESTS.values(self.world.store):
            if not request.child_req_ids:
                continue
            children = [self.world.sign_request(id_).status for id_ in request.child_req_ids]
            if request.status in OPEN:
                assert any(status in OPEN for status in children)
                assert REJECTED not in children
            elif request.status == REJECTED:
                assert REJECTED in children
                assert not any(status in OPEN for status in children)
            else:
                assert set(children) == {3}
                assert len(request.signed_data) == len(children)

    @invariant()
    def only_open_requests_have_deadlines(self) -> None:
        store = self.world.store
        for deadlines, requests in (
            (state.KEY_REQUEST_DEADLINES, state.KEY_REQUESTS),
            (state.SIGN_REQUEST_DEADLINES, state.SIGN_REQUESTS),
        ):
            waiting = {r.id: r.mpc_btl for r in requests.values(store) if r.status in OPEN}
            assert sorted(deadlines.overdue(store, 2**63)) == sorted(waiting)
            assert all(last >= self.world.height for last in waiting.values())

    @invariant()
    def every_end_is_told(self) -> None:
        store = self.world.store
        keys = {("key", r.id) for r in state.KEY_REQUESTS.values(store) if r.status not in OPEN}
        signs = {
            ("sign", r.id)
            for r in state.SIGN_REQUESTS.values(store)
            if r.status not in OPEN and not r.parent_req_id
        }
        assert self.ended == keys | signs


TestEscrow = Escrow.TestCase
TestEscrow.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
