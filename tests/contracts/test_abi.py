"""The packaged ABI offers what dApps rely on, by selector and by topic."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from eth_utils.abi import abi_to_signature, event_abi_to_log_topic
from eth_utils.crypto import keccak

from tests.contracts import interface as public
from zrsign.contracts import Artifact, ArtifactError, artifact
from zrsign_chains import contract_abi

ROOT = Path(__file__).resolve().parents[2]


def entries(contract: str, kind: str) -> list[Any]:
    return [entry for entry in artifact(contract).abi if entry["type"] == kind]


def selectors(contract: str, kind: str = "function") -> dict[str, str]:
    signatures = [abi_to_signature(entry) for entry in entries(contract, kind)]
    return {keccak(text=signature)[:4].hex(): signature for signature in signatures}


def topics(contract: str) -> dict[str, str]:
    return {
        event_abi_to_log_topic(entry).hex(): entry["name"] for entry in entries(contract, "event")
    }


def test_direct__should_offer_every_function() -> None:
    wanted = public.rows(public.FUNCTIONS)
    assert len(wanted) == 51
    assert wanted.items() <= selectors("ZrSign").items()


@pytest.mark.parametrize(
    ("contract", "own"), [("ZrSign", public.ADDED_DIRECT), ("ZrSignOmni", public.ADDED_OMNI)]
)
def test_both__should_add_only_what_is_listed(contract: str, own: str) -> None:
    known = public.rows(public.FUNCTIONS) | public.rows(public.ADDED_REQUESTS)
    added = selectors(contract).items() - known.items()
    assert added == (public.rows(public.ADDED) | public.rows(own)).items()


def test_omni__should_offer_requests_and_no_answers() -> None:
    wanted = public.rows(public.FUNCTIONS) | public.rows(public.ADDED_REQUESTS)
    offered = selectors("ZrSignOmni")
    assert wanted.keys() - public.DIRECT_ONLY <= offered.keys()
    assert not public.DIRECT_ONLY & offered.keys()


def test_direct__should_emit_every_event() -> None:
    wanted = public.rows(public.EVENTS) | public.rows(public.STANDARD_EVENTS)
    assert wanted.items() <= topics("ZrSign").items()


def test_omni__should_emit_the_same_requests() -> None:
    direct, omni = topics("ZrSign"), topics("ZrSignOmni")
    shared = {topic: name for topic, name in omni.items() if name.endswith("Request")}
    assert shared.items() <= direct.items()
    assert set(shared.values()) == {"ZrKeyRequest", "ZrSigRequest"}


def test_direct__should_know_every_error() -> None:
    names = {
        selector: signature.partition("(")[0]
        for selector, signature in selectors("ZrSign", "error").items()
    }
    assert names == public.rows(public.ERRORS) | public.rows(public.ADDED_ERRORS)


def test_proxy__should_offer_the_administrator_five_functions_and_a_handover() -> None:
    wanted = public.rows(public.PROXY_FUNCTIONS) | public.rows(public.PROXY_ADDED)
    assert selectors("ZrProxy") == wanted
    assert {"receive", "fallback"} <= {entry["type"] for entry in artifact("ZrProxy").abi}


def test_dapp_base__should_offer_its_functions() -> None:
    wanted = public.rows(public.CONNECT_FUNCTIONS) | public.rows(public.CONNECT_STATUSES)
    assert wanted.items() <= selectors("MessageSigner").items()


def test_payable_functions__should_be_the_requests() -> None:
    for contract in ("ZrSign", "ZrSignOmni"):
        payable = {
            entry["name"]
            for entry in entries(contract, "function")
            if entry["stateMutability"] == "payable"
        }
        assert payable == {"zrKeyReq", "zrSignHash", "zrSignData", "zrSignTx", "zrSignSimpleTx"}


def test_names_that_callers_use__should_be_one_function_each_but_for_the_fee() -> None:
    """A client that tells functions by name, and `ISign.zrKeyReq.selector`, must find one."""
    for contract in ("ZrSign", "ZrSignOmni"):
        names = Counter(entry["name"] for entry in entries(contract, "function"))
        assert {name for name, count in names.items() if count > 1} == {"estimateFee"}


def test_interface_of_dapps__should_be_what_direct_offers() -> None:
    published = contract_abi.entries("function", ("ISign",))
    assert all(entry in artifact("ZrSign").abi for entry in published)
    offered = {abi_to_signature(each) for each in contract_abi.entries("event", ("ISign",))}
    assert offered <= {abi_to_signature(each) for each in entries("ZrSign", "event")}
    missing = [entry for entry in published if entry not in artifact("ZrSignOmni").abi]
    answers = public.DIRECT_ONLY | public.rows(public.ADDED_DIRECT).keys()
    assert {keccak(text=abi_to_signature(each))[:4].hex() for each in missing} <= answers


def test_older_requests__should_have_an_abi_of_their_own() -> None:
    forms = contract_abi.entries("function", contract_abi.OLDER)
    found = {
        keccak(text=abi_to_signature(each))[:4].hex(): abi_to_signature(each) for each in forms
    }
    assert found == public.rows(public.OLDER_REQUESTS)


@pytest.mark.parametrize("contract", ["ZrSign", "ZrSignOmni"])
def test_plain_abi__should_equal_the_packaged_one(contract: str) -> None:
    plain = json.loads((ROOT / "zrsign_chains" / "abi" / f"{contract}.json").read_text())
    assert plain == artifact(contract).abi


def test_link__should_put_the_address_in_every_place() -> None:
    address = "0x" + "Ab" * 20
    code = artifact("ZrSign").link({"ZrSignTypes": address})
    assert code.count(bytes.fromhex("ab" * 20)) == len(artifact("ZrSign").libraries["ZrSignTypes"])
    assert "__$" not in code.hex()


def test_link__should_refuse_missing_unused_and_malformed_libraries() -> None:
    with pytest.raises(ArtifactError, match=r"ZrSign links .*ZrSignTypes"):
        artifact("ZrSign").link()
    with pytest.raises(ArtifactError, match="ZrProxy links no library"):
        artifact("ZrProxy").link({"ZrSignTypes": "0x" + "ab" * 20})
    with pytest.raises(ArtifactError, match="not an address"):
        artifact("ZrSign").link({"ZrSignTypes": "0xab"})


def test_artifact__should_name_what_is_packaged_when_there_is_none() -> None:
    with pytest.raises(ArtifactError, match="ZrSignOmni"):
        artifact("ZrSing")


def test_artifact__should_fit_into_a_contract() -> None:
    """EIP-170: at most 24 576 bytes of code."""
    for path in (ROOT / "zrsign" / "contracts" / "artifacts").glob("*.json"):
        content = json.loads(path.read_text())
        assert 2 < len(content["deployedBytecode"]) <= 2 + 2 * 24_576, path.name
        assert isinstance(artifact(path.stem), Artifact)
