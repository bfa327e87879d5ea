"""Whatever a message or a query says, the answer is a response or a LedgerError, never a crash."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Any

from google.protobuf import any_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrchain_lite.modules.treasury.world import BITCOIN, ECDSA, ED25519, World
from zrchain_lite.errors import LedgerError
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire

EVM = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
TRANSFER = bytes.fromhex(
    "eb80843b9aca0082520894ea223ca8968ca59e0bc79ba331c2f6f636a3fb82880de0b6b3a764000080808080"
)


def crowded() -> World:
    """A world in which most small numbers and a few addresses name something."""
    world = World()
    owner, party = world.account(), world.account()
    workspace = world.workspace(owner, party)
    keyring = world.keyring(party, [party, owner], threshold=2, fee=3)
    for secret in (ECDSA, BITCOIN, ED25519):
        key = world.request_key(owner, workspace, keyring, key_type=secret.word)
        for each in (owner, party):
            world.answer_key(each, key, secret.public_key)
    world.request_key(owner, workspace, keyring)
    world.request_signature(owner, [1, 1], b"\x11" * 32, b"\x12" * 32)
    both = world.all_of(owner, party)
    guarded = world.workspace(owner, party, sign_policy_id=both, admin_policy_id=both)
    world.request_key(owner, guarded, keyring)
    world.store.set(b"identity/authority", owner.address.encode())
    world.store.set(b"policy/authority", owner.address.encode())
    world.store.set(b"treasury/authority", owner.address.encode())
    return world


@cache
def texts() -> list[str]:
    world = crowded()
    workspaces = [w.address for w in world.identity.workspaces_of(world.ctx(), _first(world))]
    keyring = "keyring1k6vc6vhp6e6l3rxalue9v4ux"
    known = [_first(world), _second(world), EVM, f"eip155:1:{EVM}", keyring, *workspaces]
    data = ["11" * 32, f"{'11' * 32},{'12' * 32}", "00", "zz", "", "ecdsa", "btc", "urock", "60"]
    return [
        *known,
        *data,
        "x" * 600,
        "x" * 70_000,
        "zen1é\x00",
        "passkey{a}",
        f"{_first(world)} > 0",
    ]


def _first(world: World) -> str:
    return world.identity.workspace(world.ctx(), "workspace10j06zdk5gyl6v9ekzwem0v").owners[0]


def _second(world: World) -> str:
    return world.identity.workspace(world.ctx(), "workspace10j06zdk5gyl6v9ekzwem0v").owners[1]


def _any(message: Message) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message, type_url_prefix="/")
    return packed


def anys() -> list[any_pb2.Any]:
    participant = policy.PolicyParticipant(address=texts()[0])
    return [
        any_pb2.Any(),
        any_pb2.Any(type_url="/zrchain.policy.BoolparserPolicy", value=b"\xff"),
        _any(policy.BoolparserPolicy(definition=f"{texts()[0]} > 0", participants=[participant])),
        _any(policy.BoolparserPolicy(definition="((((", participants=[participant])),
        _any(wire.MetadataEthereum(chain_id=1)),
        _any(wire.MetadataEthereum(chain_id=2**64 - 1)),
        _any(wire.MetadataSolana(network=wire.REGNET)),
    ]


def blobs() -> list[bytes]:
    return [b"", b"\x00", b"\x11" * 32, b"\xff" * 64, ECDSA.public_key, TRANSFER, b"\x02\xc0"]


def scalars(field: Any) -> st.SearchStrategy[Any]:
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return st.sampled_from(texts())
        case FieldDescriptor.TYPE_BYTES:
            return st.sampled_from(blobs())
        case FieldDescriptor.TYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.TYPE_ENUM:
            return st.sampled_from([0, 1, 2, 3, 4, 5, 6, 99, -1])
        case FieldDescriptor.TYPE_UINT32:
            return st.sampled_from([0, 1, 2, 2**32 - 1])
        case FieldDescriptor.TYPE_INT32:
            return st.sampled_from([-(2**31), -1, 0, 1, 2, 2**31 - 1])
        case FieldDescriptor.TYPE_INT64:
            return st.sampled_from([-(2**63), -1, 0, 1, 2, 20, 2**63 - 1])
    return st.sampled_from([0, 1, 2, 3, 4, 5, 20, 2**63, 2**64 - 1])


@st.composite
def filled(draw: st.DrawFn, message: type[Message]) -> Message:
    built = message()
    fields: list[Any] = list(message.DESCRIPTOR.fields)
    for field in fields:
        if field.type != FieldDescriptor.TYPE_MESSAGE:
            if field.is_repeated:
                getattr(built, field.name).extend(draw(st.lists(scalars(field), max_size=3)))
            else:
                setattr(built, field.name, draw(scalars(field)))
        elif field.is_repeated:
            continue
        elif field.message_type.full_name == "google.protobuf.Any":
            getattr(built, field.name).CopyFrom(draw(st.sampled_from(anys())))
        elif draw(st.booleans()):
            inner = type(getattr(built, field.name))
            getattr(built, field.name).CopyFrom(draw(filled(inner)))
    return built


MESSAGES = [handler.message for module in World().modules for handler in module.messages()]
QUERIES = [query for module in World().modules for query in module.queries()]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_messages__should_be_refused_by_name_or_done(data: st.DataObject) -> None:
    world = crowded()
    for _ in range(10):
        message = data.draw(filled(data.draw(st.sampled_from(MESSAGES))))
        before = dict(world.store.iterate(b""))
        try:
            world.do(message)
        except LedgerError:
            assert dict(world.store.iterate(b"")) == before
        assert world.escrow == world.open_fees()
    world.advance(25)
    assert world.escrow == world.open_fees()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_queries__should_be_refused_by_name_or_answered(data: st.DataObject) -> None:
    world = crowded()
    before = dict(world.store.iterate(b""))
    for _ in range(10):
        query = data.draw(st.sampled_from(QUERIES))
        with suppress(LedgerError):
            answer = world.query(query.method, data.draw(filled(query.request)))
            assert isinstance(answer, query.response)
    assert dict(world.store.iterate(b"")) == before
