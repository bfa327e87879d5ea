"""The wire is zrChain's: names, numbers and types of every message that exists on both sides.

`tests/vectors/zrchain-wire.json` has zrChain's side. What is ours alone has numbers from 100 on, or
lies in a package of our own; what is not here is listed below, each with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, FileDescriptor

from zrchain_lite.binding import routes
from zrchain_lite.wire.cosmos.staking.v1beta1 import query_pb2
from zrchain_lite.wire.zrchain.dct import dct_pb2
from zrchain_lite.wire.zrchain.identity import identity_pb2
from zrchain_lite.wire.zrchain.policy import policy_pb2
from zrchain_lite.wire.zrchain.treasury import treasury_pb2
from zrchain_lite.wire.zrchain.validation import validation_pb2

THEIRS = json.loads((Path(__file__).parents[1] / "vectors" / "zrchain-wire.json").read_text())
FILES: tuple[FileDescriptor, ...] = tuple(
    module.DESCRIPTOR
    for module in (dct_pb2, identity_pb2, policy_pb2, treasury_pb2, validation_pb2)
)
OURS_FROM = 100
"""The lowest number of a field or enum value that zrChain does not have."""

MISSING_PACKAGES = {
    "api": "the sidecar is another program; this ledger has no oracle",
    "zrchain.dct": "no wrapped assets: only the enum is here, which keys' messages name",
    "zrchain.mint": "minting is the Cosmos SDK's own module",
    "zrchain.zenbtc": "no wrapped assets",
    "zrchain.zenex": "no swap",
    "zrchain.zentp": "no bridge",
}
_ICA = "interchain accounts need IBC, which this ledger does not have"
_IBC = "packets of IBC, which zrChain declares and never sends"
_PASSKEY = "passkeys are not offered: participants of a policy are accounts"
_GRANT = "several MsgGrant of authz in one transaction say the same"
_GENESIS = "the genesis file has settings, or a state as it is kept: zrsign ledger export"
_PRICES = "parameters go with prices and other assets; those of stake are cosmos.staking's"
_HISTORY = "who was bonded at a height says cosmos.staking"
_BEDROCK = "no other asset is staked"
_STATE = "how a state is kept, and not how it is asked for"
_STAKE_GRANT = "authz grants messages by their types, and transfers"
_ORACLE = "there is no oracle: no headers, nonces, events or prices of other chains"


def _of_validation(reason: str, names: str) -> dict[str, str]:
    return {f"zrchain.validation.{name}": reason for name in names.split()}


MISSING = {
    "zrchain.identity.GenesisState": _GENESIS,
    "zrchain.identity.IdentityPacketData": _IBC,
    "zrchain.identity.NoData": _IBC,
    "zrchain.policy.AdditionalSignaturePasskey": _PASSKEY,
    "zrchain.policy.GenesisSignMethod": _PASSKEY,
    "zrchain.policy.GenesisState": _GENESIS,
    "zrchain.policy.MsgAddMultiGrant": _GRANT,
    "zrchain.policy.MsgAddMultiGrantResponse": _GRANT,
    "zrchain.policy.MsgAddSignMethod": _PASSKEY,
    "zrchain.policy.MsgAddSignMethodResponse": _PASSKEY,
    "zrchain.policy.MsgRemoveMultiGrant": _GRANT,
    "zrchain.policy.MsgRemoveMultiGrantResponse": _GRANT,
    "zrchain.policy.MsgRemoveSignMethod": _PASSKEY,
    "zrchain.policy.MsgRemoveSignMethodResponse": _PASSKEY,
    "zrchain.policy.NoData": _IBC,
    "zrchain.policy.PolicyPacketData": _IBC,
    "zrchain.policy.SignMethodPasskey": _PASSKEY,
    "zrchain.treasury.GenesisState": _GENESIS,
    "zrchain.treasury.ICATransactionRequest": _ICA,
    "zrchain.treasury.MsgFulfilICATransactionRequest": _ICA,
    "zrchain.treasury.MsgFulfilICATransactionRequestResponse": _ICA,
    "zrchain.treasury.MsgNewICATransactionRequest": _ICA,
    "zrchain.treasury.MsgNewICATransactionRequestResponse": _ICA,
    "zrchain.treasury.NoData": _IBC,
    "zrchain.treasury.TreasuryPacketData": _IBC,
    **_of_validation(
        _GENESIS,
        "GenesisState GenesisState.AssetPricesEntry GenesisState.AvsDelegationsEntry "
        "GenesisState.AvsRewardsPoolEntry GenesisState.BtcBlockHeadersEntry "
        "GenesisState.EthereumNonceRequestedEntry GenesisState.LastUsedEthereumNonceEntry "
        "GenesisState.LastUsedSolanaNonceEntry GenesisState.SlashEventsEntry "
        "GenesisState.SolanaAccountsRequestedEntry "
        "GenesisState.SolanaDctAccountsRequestedEntry GenesisState.SolanaNonceRequestedEntry "
        "GenesisState.SolanaZentpAccountsRequestedEntry GenesisState.ValidationInfosEntry "
        "GenesisState.ValidatorDelegationsEntry GenesisState.ValidatorMismatchCountsEntry "
        "GenesisState.ZcashBlockHeadersEntry ",
    ),
    **_of_validation(
        _PRICES,
        "HVParams AssetData MsgUpdateHVParams MsgUpdateHVParamsResponse MsgUpdateParams "
        "MsgUpdateParamsResponse Params QueryParamsRequest QueryParamsResponse ",
    ),
    **_of_validation(
        _HISTORY,
        "HistoricalInfoHV QueryHistoricalInfoRequest QueryHistoricalInfoResponse ",
    ),
    **_of_validation(
        _BEDROCK,
        "MsgAddToBedrockValSet MsgAddToBedrockValSetResponse MsgRemoveFromBedrockValSet "
        "MsgRemoveFromBedrockValSetResponse ",
    ),
    **_of_validation(
        _STATE,
        "Infraction "
        "DVPair DVPairs DVVTriplet DVVTriplets LastValidatorPower SlashEvent ValAddresses "
        "ValidatorUpdates ",
    ),
    **_of_validation(
        _STAKE_GRANT,
        "AuthorizationType StakeAuthorization StakeAuthorization.Validators ",
    ),
    **_of_validation(
        _ORACLE,
        "EventType "
        "BackfillRequests BitcoinHeader MsgAdvanceSolanaNonce MsgAdvanceSolanaNonceResponse "
        "MsgManuallyInputBitcoinHeader MsgManuallyInputBitcoinHeaderResponse "
        "MsgManuallyInputZcashHeader MsgManuallyInputZcashHeaderResponse "
        "MsgRequestHeaderBackfill MsgRequestHeaderBackfillResponse MsgSetSolanaCounters "
        "MsgSetSolanaCountersResponse MsgTriggerEventBackfill MsgTriggerEventBackfillResponse "
        "QueryBackfillRequestsRequest QueryBackfillRequestsResponse "
        "QuerySolanaCountersRequest QuerySolanaCountersResponse "
        "QuerySolanaCountersResponse.CountersEntry SolanaCounters SolanaNonce ValidationInfo "
        "ValidatorMismatchCount ZcashHeader ",
    ),
}
SCALARS = {
    value: name.removeprefix("TYPE_").lower()
    for name, value in vars(FieldDescriptor).items()
    if name.startswith("TYPE_")
}


def package(name: str) -> str:
    """zrChain's package of a message or enum: `zrchain.dct` of `zrchain.dct.Asset`."""
    parts = name.split(".")
    return parts[0] if parts[0] == "api" else ".".join(parts[:2])


def here(names: Iterable[str]) -> list[str]:
    """Of zrChain's names, those in packages that are here, and not missing on purpose."""
    return sorted(n for n in names if package(n) not in MISSING_PACKAGES and n not in MISSING)


def messages(descriptors: Iterable[Descriptor]) -> Iterator[Descriptor]:
    for descriptor in descriptors:
        yield descriptor
        yield from messages(descriptor.nested_types)


def enums() -> Iterator[EnumDescriptor]:
    for file in FILES:
        yield from file.enum_types_by_name.values()
    for message in OUR_MESSAGES.values():
        yield from message.enum_types


OUR_MESSAGES = {
    message.full_name: message
    for file in FILES
    for message in messages(file.message_types_by_name.values())
}
OUR_ENUMS = {enum.full_name: enum for enum in enums()}
OUR_METHODS = {
    f"{service.full_name}/{method.name}": method
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}
COSMOS_PATHS = {
    method.name: [route.path for route in routes(method)]
    for method in query_pb2.DESCRIPTOR.services_by_name["Query"].methods
}
"""REST of stake, which cosmos.staking answers at zrChain's paths."""
THEIR_METHODS = {
    f"{service}/{name}": (request, response, paths)
    for service, methods in THEIRS["services"].items()
    for name, request, response, paths in methods
}


def field(each: FieldDescriptor) -> tuple[str, int, str]:
    named: Any = each.message_type or each.enum_type
    kind = named.full_name if named is not None else SCALARS[each.type]
    return each.name, each.number, f"repeated {kind}" if each.is_repeated else kind


@pytest.mark.parametrize("name", here(THEIRS["messages"]))
def test_message__should_have_zrchains_fields(name: str) -> None:
    ours = {field(each) for each in OUR_MESSAGES[name].fields}
    theirs = {tuple(each) for each in THEIRS["messages"][name]}
    assert theirs - ours == set()
    own = sorted(ours - theirs)
    assert all(number >= OURS_FROM for _, number, _ in own), own


@pytest.mark.parametrize(
    "name", [*here(THEIRS["enums"]), *(n for n in OUR_ENUMS if package(n) == "zrchain.dct")]
)
def test_enum__should_have_zrchains_values(name: str) -> None:
    ours = {(value.name, value.number) for value in OUR_ENUMS[name].values}
    theirs = set(THEIRS["enums"][name].items())
    assert theirs - ours == set()
    own = sorted(ours - theirs)
    assert all(number >= OURS_FROM for _, number in own), own


@pytest.mark.parametrize("name", sorted(OUR_METHODS))
def test_method__should_be_zrchains(name: str) -> None:
    request, response, paths = THEIR_METHODS[name]
    ours = OUR_METHODS[name]
    assert (ours.input_type.full_name, ours.output_type.full_name) == (request, response)
    shown = [route.path for route in routes(ours)][: len(paths)]
    if name.startswith("zrchain.validation.Query/") and not shown:
        assert paths == COSMOS_PATHS[ours.name]
    else:
        assert paths == shown


def test_methods__should_be_missing_only_with_their_messages() -> None:
    missing = {
        name: request
        for name, (request, _, _) in THEIR_METHODS.items()
        if name not in OUR_METHODS and package(request) not in MISSING_PACKAGES
    }
    assert {name for name, request in missing.items() if request not in MISSING} == set()


def test_package__should_hold_nothing_that_zrchain_does_not() -> None:
    assert set(OUR_MESSAGES) - set(THEIRS["messages"]) == set()
    assert set(OUR_ENUMS) - set(THEIRS["enums"]) == set()


def test_list__should_name_only_what_is_missing() -> None:
    named = set(MISSING)
    assert named - {*THEIRS["messages"], *THEIRS["enums"]} == set()
    assert named & {*OUR_MESSAGES, *OUR_ENUMS} == set()
    packages = {package(name) for name in THEIRS["messages"]}
    assert set(MISSING_PACKAGES) - packages == set()
