"""The ledger of a cluster: what every operator's node shows, and what the operators did to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar, cast

from google.protobuf.message import Message

from tests.zrsign_dmpc.ecdsa.builders import TINY
from tests.zrsign_dmpc.ecdsa.parties import identity
from zrchain_lite.client import Account, LedgerUnavailable, ObjectNotFound, TxFailed
from zrchain_lite.modules.operators import roots
from zrchain_lite.wire.zrchain.identity import identity_pb2 as registered
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrchain_lite.wire.zrsign.treasury.approvals_pb2 import Approval
from zrsign_operator.ledger.authority import KEYRING as KEYRING_BY_ADDRESS
from zrsign_operator.ledger.view import KEY_BY_ID, QUERY
from zrsign_operator.sources.sources import QUERY as RECEIVER

KEYRING = "keyring1cluster"
ECDSA, BITCOIN, ED25519, TAPROOT = (
    "KEY_TYPE_ECDSA_SECP256K1",
    "KEY_TYPE_BITCOIN_SECP256K1",
    "KEY_TYPE_EDDSA_ED25519",
    "KEY_TYPE_TAPROOT_SECP256K1",
)
M = TypeVar("M", bound=Message)


@dataclass
class Ledger:
    """The state that every operator's node shows, and what the operators did to it."""

    party_threshold: int = 2
    groups: list[wire.Group] = field(default_factory=list)
    refresh: int = 0
    pardons: dict[int, int] = field(default_factory=dict)
    measurements: list[wire.Measurement] = field(default_factory=list)
    version: int = 1
    keys: dict[int, treasury.KeyReqResponse] = field(default_factory=dict)
    signatures: dict[int, treasury.SignReqResponse] = field(default_factory=dict)
    roots: dict[int, treasury.SignReqResponse] = field(default_factory=dict)
    approvals: dict[int, bytes] = field(default_factory=dict)
    """The hash of the block that approved a request without a parent."""
    transactions: list[treasury.SignTxReqResponse] = field(default_factory=list)
    known_keys: dict[int, treasury.KeyResponse] = field(default_factory=dict)
    fulfilled: dict[int, bytes] = field(default_factory=dict)
    """Signatures by request, once enough parties gave the same."""
    rejected: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Who refused a signature request, by request."""
    epochs: dict[tuple[int, str], wire.MsgReportKeyEpoch] = field(default_factory=dict)
    """The last epoch by key and party."""
    roots_wanted: int = 0
    """How many roots the group wants for each way to sign."""
    absent: int = 0
    active: dict[int, wire.Root] = field(default_factory=dict)
    """The roots that every member of the group reported, by id."""
    origins: dict[int, int] = field(default_factory=dict)
    """The root of every key that is a child of one."""
    faults: list[wire.MsgReportFault] = field(default_factory=list)
    _last_id: int = 0

    def set_group(self, threshold: int, indices: Sequence[int]) -> None:
        members = [
            wire.Member(
                index=i,
                party=account(i).address,
                identity_key=identity(i).public_key,
                tls_certificate=b"certificate %d" % i,
                endpoint=f"127.0.0.1:{9000 + i}",
            )
            for i in indices
        ]
        number = len(self.groups) + 1
        self.groups.append(
            wire.Group(
                number=number,
                threshold=threshold,
                level=TINY.name,
                members=members,
                roots=self.roots_wanted,
                absent=self.absent,
            )
        )
        self.version += 1

    def want_roots(self, count: int) -> None:
        self.roots_wanted = self.groups[-1].roots = count
        self.version += 1

    def root(self, key_type: str, number: int = 1) -> int:
        """The id of a root."""
        scheme = ECDSA if key_type == BITCOIN else key_type
        return roots.root_id(cast("treasury.KeyType", treasury.KeyType.Value(scheme)), number)

    def shown_roots(self) -> list[wire.Root]:
        """As the ledger's module shows them; the fake has one active root at most, and no spare."""
        found = []
        for key_type in (ECDSA, ED25519, TAPROOT) if self.roots_wanted else ():
            root = wire.Root(id=self.root(key_type), key_type=key_type, number=1)
            root.MergeFrom(self.active.get(root.id, wire.Root()))
            if not root.height:
                root.reports.extend(self.reports(root.id))
                root.holders = len(root.reports)
            found.append(root)
        return found

    def reports(self, key_id: int) -> list[wire.KeyEpoch]:
        """What the parties said about a key."""
        return [
            wire.KeyEpoch(
                key_id=key_id,
                party=party,
                key_digest=said.key_digest,
                public_key=said.public_key,
                chain_code=said.chain_code,
            )
            for (at, party), said in self.epochs.items()
            if at == key_id
        ]

    def order_refresh(self) -> None:
        self.refresh += 1
        self.version += 1

    def pardon(self, index: int) -> None:
        self.pardons[index] = self.pardons.get(index, 0) + 1
        self.version += 1

    def ask_key(self, key_type: str, *, own_key: bool = False) -> int:
        id_ = self._next_id()
        self.keys[id_] = treasury.KeyReqResponse(
            id=id_,
            creator="zen1owner",
            key_type=key_type,
            workspace_addr="workspace1cluster",
            index=id_ % 3,
        )
        if self.roots_wanted and not own_key:
            self.origins[id_] = self.root(key_type)
        return id_

    def ask_signature(self, key_id: int, message: bytes) -> int:
        """Of plain data, by a key that is there."""
        id_ = self._next_id()
        self.signatures[id_] = treasury.SignReqResponse(
            id=id_,
            key_ids=[key_id],
            key_type=self.known_keys[key_id].type,
            data_for_signing=[message],
        )
        self.approvals[id_] = sha256(b"block of request %d" % id_).digest()
        return id_

    def add_key(self, key_type: str, public_key: bytes, id_: int = 0) -> int:
        """A key whose request was answered long ago."""
        id_ = id_ or self._next_id()
        self.known_keys[id_] = treasury.KeyResponse(
            id=id_, keyring_addr=KEYRING, type=key_type, public_key=public_key
        )
        return id_

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def take(self, message: Message) -> None:
        """One message of a transaction. Raises TxFailed."""
        match message:
            case treasury.MsgFulfilKeyRequest():
                self._take_key(message)
            case treasury.MsgFulfilSignatureRequest():
                self._take_signature(message)
            case wire.MsgReportKeyEpoch():
                self._take_epoch(message)
            case wire.MsgReportFault():
                self.faults.append(message)
            case _:
                raise AssertionError(message)

    def _take_epoch(self, message: wire.MsgReportKeyEpoch) -> None:
        """A root counts once all but the absent members hold the same."""
        self.epochs[message.key_id, message.creator] = message
        if message.key_id < roots.FIRST_ID or message.key_id in self.active:
            return
        self.version += 1
        equal = [e for e in self.reports(message.key_id) if e.public_key == message.public_key]
        if len(equal) >= len(self.groups[-1].members) - self.absent:
            self.active[message.key_id] = wire.Root(
                public_key=message.public_key,
                chain_code=message.chain_code,
                height=1,
                holders=len(equal),
            )

    def _take_key(self, message: treasury.MsgFulfilKeyRequest) -> None:
        request = self.keys.get(message.request_id)
        answer = message.key.public_key
        if request is None or (request.public_key and request.public_key != answer):
            raise TxFailed("treasury", 4, "this key request has another answer, or none is asked")
        request.public_key = answer
        request.keyring_party_signatures.add(creator=message.creator)
        if len(request.keyring_party_signatures) >= self.party_threshold:
            del self.keys[request.id]
            self.add_key(request.key_type, answer, request.id)
            shown = self.known_keys[request.id]
            shown.workspace_addr, shown.index = request.workspace_addr, request.index

    def _take_signature(self, message: treasury.MsgFulfilSignatureRequest) -> None:
        request = self.signatures.get(message.request_id)
        if request is None:
            raise TxFailed("treasury", 4, "this signature request is not open")
        if message.status == treasury.SIGN_REQUEST_STATUS_REJECTED:
            self.rejected[request.id].add(message.creator)
            return
        known = request.signed_data[0].signed_data if request.signed_data else b""
        if known and known != message.signed_data:
            raise TxFailed("treasury", 4, "this signature request has another answer")
        if not known:
            request.signed_data.add(sign_request_id=request.id, signed_data=message.signed_data)
        request.keyring_party_sigs.add(creator=message.creator)
        if len(request.keyring_party_sigs) >= self.party_threshold:
            self.fulfilled[request.id] = message.signed_data
            del self.signatures[request.id]


@dataclass
class Node:
    """What one operator asks of the ledger. It may be behind, or down."""

    ledger: Ledger
    hidden: set[int] = field(default_factory=set)
    """Requests that this node does not show yet."""
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def query(self, method: str, request: Any, response: type[M], *, metadata: Any = ()) -> M:
        self.asked.append(method.rpartition("/")[2])
        if self.down:
            raise LedgerUnavailable("the node is down")
        answer: Any = self._answer(method, request)
        assert isinstance(answer, response)
        copy = response()
        copy.CopyFrom(answer)
        return copy

    def _answer(self, method: str, request: Any) -> Message:
        ledger = self.ledger
        if method == KEY_BY_ID:
            if request.id not in ledger.known_keys:
                raise ObjectNotFound(method, "NOT_FOUND", f"no key {request.id}")
            return treasury.QueryKeyByIDResponse(key=ledger.known_keys[request.id])
        if method == QUERY + "Settings":
            return wire.QuerySettingsResponse(
                keyring=KEYRING,
                groups=ledger.groups,
                refresh_number=ledger.refresh,
                measurements=ledger.measurements,
                pardons=[wire.Pardon(index=i, count=n) for i, n in ledger.pardons.items()],
                settings_version=ledger.version,
                roots=ledger.shown_roots(),
            )
        if (
            method == RECEIVER + "RequestBySignRequest"
            or method == RECEIVER + "RequestByKeyRequest"
        ):
            raise ObjectNotFound(method, "NOT_FOUND", "no contract asks here")
        if method == KEYRING_BY_ADDRESS:
            made = registered.Keyring(address=KEYRING, admins=["zen1admin"])
            return registered.QueryKeyringByAddressResponse(keyring=made)
        assert method == QUERY + "Work"
        assert request.keyring == KEYRING
        keys = [each for i, each in ledger.keys.items() if i not in self.hidden]
        signatures = [each for i, each in ledger.signatures.items() if i not in self.hidden]
        named = {i for each in signatures for i in each.key_ids if i in ledger.known_keys}
        origins = ((i, ledger.origins.get(i, 0)) for i in {*named, *(each.id for each in keys)})
        return wire.QueryWorkResponse(
            keys=keys,
            signatures=signatures,
            signing_keys=[ledger.known_keys[i] for i in sorted(named)],
            origins=[wire.Origin(key_id=i, root=root) for i, root in origins if root],
            reports=[each for key in keys for each in ledger.reports(key.id)],
            roots=ledger.roots.values(),
            approvals=[
                Approval(sign_request_id=i, block_hash=hash_)
                for i, hash_ in ledger.approvals.items()
            ],
            transactions=ledger.transactions,
            settings_version=ledger.version,
        )

    async def page(
        self, method: str, request: Any, response: type[Message]
    ) -> AsyncIterator[Message]:
        self.asked.append(method.rpartition("/")[2])
        if response is wire.QueryKeyEpochsResponse:
            for (key_id, party), said in self.ledger.epochs.items():
                yield wire.KeyEpoch(key_id=key_id, party=party, key_digest=said.key_digest)
        else:
            for fault in self.ledger.faults:
                yield wire.Fault(
                    culprit=fault.culprit,
                    reporter=fault.creator,
                    evidence_digest=fault.evidence_digest,
                )

    async def broadcast(self, *messages: Message) -> None:
        """All of them, or none."""
        if self.down:
            raise LedgerUnavailable("the node is down")
        before = deepcopy(vars(self.ledger)) if len(messages) > 1 else {}
        try:
            for message in messages:
                self.ledger.take(message)
        except TxFailed:
            vars(self.ledger).update(before)
            raise


def account(index: int) -> Account:
    return Account.from_secret(bytes([index]) * 32)


def cast_client(node: Node) -> Any:
    """A node stands where the client of one stands."""
    return node
