"""Which enclaves an operator believes: its settings, and documents of real ones at its gate."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.zrsign_operator.enclave.samples import sample
from zrsign_daemon.errors import SettingsError
from zrsign_operator.enclave.dcap import DcapVerifier
from zrsign_operator.enclave.settings import Attestation, verifiers
from zrsign_operator.enclave.simulated import SimulatedEnclave
from zrsign_operator.enclave.verifiers import Verifiers
from zrsign_operator.peers.admission import AttestedGate, Credentials, NotAdmitted, Role
from zrsign_operator.peers.members import Member

ENCLAVE = SimulatedEnclave(b"r" * 32, b"s" * 32)
MEMBER = Member(2, "zen2", b"i" * 32, b"certificate", "127.0.0.1:1")


def test_default__should_be_the_simulated_enclave_only() -> None:
    assert [each.kind for each in verifiers(Attestation(), ENCLAVE.root)] == ["simulated"]


@pytest.mark.parametrize("kind", ["sgx", "tdx", "sev-snp"])
def test_vendor_data__should_be_asked_for(kind: str) -> None:
    with pytest.raises(SettingsError, match="collateral_dir"):
        verifiers(Attestation.model_validate({"accept": [kind]}), ENCLAVE.root)


def test_unknown_enclave__should_be_refused_in_the_settings() -> None:
    with pytest.raises(ValidationError):
        Attestation.model_validate({"accept": ["trustzone"]})


def test_damaged_vendor_data__should_be_refused(tmp_path: Path) -> None:
    (tmp_path / "platform.json").write_text("{}")
    with pytest.raises(SettingsError, match="collateral_dir"):
        verifiers(Attestation(accept=("tdx",), collateral_dir=tmp_path), ENCLAVE.root)


async def test_genuine_quote_of_another_connection__should_not_be_admitted(tmp_path: Path) -> None:
    """Right vendor, right code, and a replay all the same."""
    collateral = sample("tdx_quote_collateral.json").decode()
    (tmp_path / "platform.json").write_text(collateral)
    issued = json.loads(json.loads(collateral)["tcb_info"])["issueDate"]
    now = datetime.fromisoformat(issued).astimezone(UTC).timestamp() + 86_400
    believed = verifiers(
        Attestation(accept=("simulated", "tdx"), collateral_dir=tmp_path), ENCLAVE.root
    )
    quote = sample("tdx_quote")
    tdx = next(each for each in believed if isinstance(each, DcapVerifier))
    allowed = frozenset({("tdx", tdx.verify(quote, now).measurement)})
    gate = AttestedGate(
        "keyring1test",
        lambda: MEMBER,
        b"1" * 16,
        ENCLAVE,
        lambda: Verifiers(believed, allowed),
        lambda: now,
    )
    shown = Credentials(b"2" * 16, "tdx", quote).encode()
    with pytest.raises(NotAdmitted, match="not to this peer"):
        await gate.admit(MEMBER, Role.LISTENER, b"n" * 32, shown)
    strange = Credentials(b"2" * 16, "nitro", quote).encode()
    with pytest.raises(NotAdmitted, match="not accepted"):
        await gate.admit(MEMBER, Role.LISTENER, b"n" * 32, strange)


async def test_own_credentials__should_be_admitted_for_this_nonce_only() -> None:
    allowed = frozenset({("simulated", ENCLAVE.measurement)})
    believed = Verifiers(verifiers(Attestation(), ENCLAVE.root), allowed)
    gate = AttestedGate("keyring1test", lambda: MEMBER, b"1" * 16, ENCLAVE, lambda: believed)
    shown = await gate.credentials(Role.LISTENER, b"n" * 32)
    admission = await gate.admit(MEMBER, Role.LISTENER, b"n" * 32, shown)
    assert admission.incarnation == b"1" * 16
    with pytest.raises(NotAdmitted):
        await gate.admit(MEMBER, Role.LISTENER, b"m" * 32, shown)
