"""Queries of gov and mint, on a chain that votes on nothing and mints nothing.

Wallets ask them beside a balance. The truth is short: every list is empty, no single object is
there, and the parameters are zero.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from zrchain_lite import binding
from zrchain_lite.errors import NotFound
from zrchain_lite.module import Context, Module, QueryHandler
from zrchain_lite.modules.bank.keeper import DENOM
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageResponse
from zrchain_lite.wire.cosmos.gov.v1 import query_pb2 as gov
from zrchain_lite.wire.cosmos.gov.v1beta1 import query_pb2 as gov_v1beta1
from zrchain_lite.wire.cosmos.mint.v1beta1 import query_pb2 as mint
from zrchain_lite.wire.cosmos_proto import cosmos_pb2

M = TypeVar("M", bound=Message)
FILES = tuple(module.DESCRIPTOR for module in (gov, gov_v1beta1, mint))


Answer = Callable[[Context, Any], Message]


def _zeros(kind: type[M], **given: Any) -> M:
    """A message whose numbers and durations are zero, and not left out."""
    message = kind(**given)
    for field in kind.DESCRIPTOR.fields:
        options: Any = field.GetOptions()
        if options.Extensions[cosmos_pb2.scalar] == "cosmos.Dec":
            setattr(message, field.name, "0" if field.type == field.TYPE_STRING else b"0")
        elif field.message_type is Duration.DESCRIPTOR and not field.is_repeated:
            getattr(message, field.name).SetInParent()
    return message


_FIXED: tuple[tuple[str, Message], ...] = (
    ("gov.v1.Query/Constitution", gov.QueryConstitutionResponse()),
    (
        "gov.v1.Query/Params",
        gov.QueryParamsResponse(
            voting_params=_zeros(gov.VotingParams),
            deposit_params=_zeros(gov.DepositParams),
            tally_params=_zeros(gov.TallyParams),
            params=_zeros(gov.Params),
        ),
    ),
    (
        "gov.v1beta1.Query/Params",
        gov_v1beta1.QueryParamsResponse(
            voting_params=_zeros(gov_v1beta1.VotingParams),
            deposit_params=_zeros(gov_v1beta1.DepositParams),
            tally_params=_zeros(gov_v1beta1.TallyParams),
        ),
    ),
    (
        "mint.v1beta1.Query/Params",
        mint.QueryParamsResponse(params=_zeros(mint.Params, mint_denom=DENOM)),
    ),
    ("mint.v1beta1.Query/Inflation", _zeros(mint.QueryInflationResponse)),
    ("mint.v1beta1.Query/AnnualProvisions", _zeros(mint.QueryAnnualProvisionsResponse)),
)


class QuietModule(Module):
    """The module keeps nothing."""

    name = "quiet"

    def queries(self) -> tuple[QueryHandler, ...]:
        methods = [method for file in FILES for method in file.services_by_name["Query"].methods]
        return tuple(binding.query(method, _answer(method)) for method in methods)


def _answer(method: MethodDescriptor) -> Answer:
    path = binding.method_path(method)
    for name, fixed in _FIXED:
        if path == f"/cosmos.{name}":
            return lambda ctx, request: fixed
    response = GetMessageClass(method.output_type)
    is_list = "pagination" in method.output_type.fields_by_name

    def nothing(ctx: Context, request: Any) -> Message:
        if not is_list:
            # CosmJS takes the last words for an answer, and every other error for an error.
            raise NotFound("nothing is voted on here: key not found")
        return response(pagination=PageResponse())

    return nothing
