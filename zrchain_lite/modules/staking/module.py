"""Queries of staking, distribution, slashing, gov and mint, on a chain that has no stake.

Wallets ask them beside a balance. The truth is short: every list is empty, no single object is
there, and the parameters say that nothing is bonded, slashed, voted on or minted.
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
from zrchain_lite.modules.auth.keeper import check_address
from zrchain_lite.modules.bank.keeper import DENOM
from zrchain_lite.wire.cosmos.base.query.v1beta1.pagination_pb2 import PageResponse
from zrchain_lite.wire.cosmos.distribution.v1beta1 import query_pb2 as distribution
from zrchain_lite.wire.cosmos.gov.v1 import query_pb2 as gov
from zrchain_lite.wire.cosmos.gov.v1beta1 import query_pb2 as gov_v1beta1
from zrchain_lite.wire.cosmos.mint.v1beta1 import query_pb2 as mint
from zrchain_lite.wire.cosmos.slashing.v1beta1 import query_pb2 as slashing
from zrchain_lite.wire.cosmos.staking.v1beta1 import query_pb2 as staking
from zrchain_lite.wire.cosmos_proto import cosmos_pb2

M = TypeVar("M", bound=Message)
FILES = tuple(
    module.DESCRIPTOR for module in (staking, distribution, slashing, gov, gov_v1beta1, mint)
)


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


def _withdraw_address(
    ctx: Context, request: distribution.QueryDelegatorWithdrawAddressRequest
) -> distribution.QueryDelegatorWithdrawAddressResponse:
    """Rewards would go to the delegator."""
    check_address(request.delegator_address)
    return distribution.QueryDelegatorWithdrawAddressResponse(
        withdraw_address=request.delegator_address
    )


_FIXED: tuple[tuple[str, Message], ...] = (
    (
        "staking.v1beta1.Query/Params",
        staking.QueryParamsResponse(params=_zeros(staking.Params, bond_denom=DENOM)),
    ),
    (
        "staking.v1beta1.Query/Pool",
        staking.QueryPoolResponse(pool=staking.Pool(not_bonded_tokens="0", bonded_tokens="0")),
    ),
    (
        "distribution.v1beta1.Query/Params",
        distribution.QueryParamsResponse(params=_zeros(distribution.Params)),
    ),
    ("distribution.v1beta1.Query/CommunityPool", distribution.QueryCommunityPoolResponse()),
    (
        "distribution.v1beta1.Query/DelegationTotalRewards",
        distribution.QueryDelegationTotalRewardsResponse(),
    ),
    (
        "distribution.v1beta1.Query/DelegatorValidators",
        distribution.QueryDelegatorValidatorsResponse(),
    ),
    (
        "slashing.v1beta1.Query/Params",
        slashing.QueryParamsResponse(params=_zeros(slashing.Params)),
    ),
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


class StakingModule(Module):
    """The module keeps nothing: there is no stake."""

    name = "staking"

    def queries(self) -> tuple[QueryHandler, ...]:
        methods = [method for file in FILES for method in file.services_by_name["Query"].methods]
        return tuple(binding.query(method, _answer(method)) for method in methods)


def _answer(method: MethodDescriptor) -> Answer:
    path = binding.method_path(method)
    if path.endswith("/DelegatorWithdrawAddress"):
        return _withdraw_address
    for name, fixed in _FIXED:
        if path == f"/cosmos.{name}":
            return lambda ctx, request: fixed
    response = GetMessageClass(method.output_type)
    is_list = "pagination" in method.output_type.fields_by_name

    def nothing(ctx: Context, request: Any) -> Message:
        if not is_list:
            # CosmJS takes the last words for an answer, and every other error for an error.
            raise NotFound("nothing is staked and nothing voted on here: key not found")
        return response(pagination=PageResponse())

    return nothing
