"""Handlers fit the protos' services: a name that is missing, misspelt or left over is refused."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import ServiceDescriptor

from tests.zrchain_lite.chain import Chain
from zrchain_lite import binding, wire
from zrchain_lite.api import reflection, services
from zrchain_lite.binding import CompositionError, Route
from zrchain_lite.errors import TxRejected
from zrchain_lite.wire.cosmos.bank.v1beta1 import bank_pb2, tx_pb2
from zrchain_lite.wire.cosmos.tx.v1beta1 import service_pb2
from zrchain_lite.wire.zrchain.treasury import treasury_pb2


def all_services() -> Iterator[ServiceDescriptor]:
    """Those of every compiled proto, whoever imports it."""
    folder = Path(wire.__path__[0])
    for path in sorted(folder.rglob("*_pb2.py")):
        inner = ".".join(path.relative_to(folder).with_suffix("").parts)
        file: Any = importlib.import_module(f"{wire.__name__}.{inner}").DESCRIPTOR
        yield from file.services_by_name.values()


def test_services__should_each_be_answered(chain: Chain) -> None:
    registry = chain.app.registry
    declared = [method for service in all_services() for method in service.methods]
    messages, queries = (
        {method for method in declared if (method.containing_service.name == "Msg") is is_message}
        for is_message in (True, False)
    )
    assert {"/" + each.input_type.full_name for each in messages} == set(registry.messages)
    assert {binding.method_path(each) for each in queries} == {
        *registry.queries,
        *services.methods(chain.engine),
        reflection.METHODS[0],
    }


class Right:
    def send(self, ctx: object, msg: object) -> None: ...
    def multi_send(self, ctx: object, msg: object) -> None: ...


class Misspelt:
    def sent(self, ctx: object, msg: object) -> None: ...
    def multi_send(self, ctx: object, msg: object) -> None: ...


class Surplus(Right):
    def sweep(self) -> None: ...


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((), r"without a handler are \['send', 'multi_send'\], without an rpc are none"),
        ((Misspelt(),), r"without a handler are \['send'\], without an rpc are \['sent'\]"),
        ((Surplus(),), r"without a handler are none, without an rpc are \['sweep'\]"),
        ((Right(), Right()), "two parts have a method 'multi_send'"),
    ],
)
def test_messages__should_refuse_handlers_that_do_not_fit(
    parts: tuple[object, ...], message: str
) -> None:
    with pytest.raises(CompositionError, match=message):
        binding.messages(tx_pb2.DESCRIPTOR, *parts)


def test_messages__should_refuse_a_file_without_the_service() -> None:
    with pytest.raises(CompositionError, match=r"bank\.proto has no service Msg"):
        binding.messages(bank_pb2.DESCRIPTOR, Right())


def test_handler__should_know_its_message_and_signer() -> None:
    send, many = binding.messages(tx_pb2.DESCRIPTOR, Right())
    assert send.message is tx_pb2.MsgSend
    assert send.signed_by(tx_pb2.MsgSend(from_address="a")) == "a"
    inputs = [bank_pb2.Input(address="a"), bank_pb2.Input(address="b")]
    assert many.signed_by(tx_pb2.MsgMultiSend(inputs=inputs[:1])) == "a"
    for wrong in ([], inputs):
        with pytest.raises(TxRejected, match=f"one of inputs, not {len(wrong)}"):
            many.signed_by(tx_pb2.MsgMultiSend(inputs=wrong))


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("KeyRequestByID", "key_request_by_id"),
        ("PolicyById", "policy_by_id"),
        ("ZrSignKeys", "zr_sign_keys"),
        ("BroadcastTx", "broadcast_tx"),
        ("Params", "params"),
    ],
)
def test_python_name__should_divide_words(method: str, name: str) -> None:
    assert binding.python_name(method) == name


def test_routes__should_come_from_the_annotations_in_their_order() -> None:
    query = treasury_pb2.DESCRIPTOR.services_by_name["Query"]
    keys = "/zrchain/treasury/keys"
    assert binding.routes(query.methods_by_name["Keys"]) == (
        Route("GET", keys),
        Route("GET", keys + "/{workspace_addr}/{wallet_type}/{prefixes}"),
    )
    service = service_pb2.DESCRIPTOR.services_by_name["Service"]
    (simulate,) = binding.routes(service.methods_by_name["Simulate"])
    assert simulate == Route("POST", "/cosmos/tx/v1beta1/simulate")
    msg = treasury_pb2.DESCRIPTOR.services_by_name["Msg"]
    assert binding.routes(msg.methods_by_name["NewKeyRequest"]) == ()
