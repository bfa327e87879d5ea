"""Profiles of networks elsewhere: the file, the choice, the keys, and what `check` finds."""

from __future__ import annotations

import json
import stat
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from eth_account import Account
from typer.testing import CliRunner

from zrsign.cli import app
from zrsign.errors import ManifestError, UsageError
from zrsign.networks import selection
from zrsign.networks.accounts import PASSWORD, ProfileAccount
from zrsign.networks.check import check
from zrsign.networks.profiles import FILE, Profile, path_of_profiles, read_profiles
from zrsign.networks.templates import TEMPLATES
from zrsign_chains import KNOWN_CHAINS

SECRET = (b"\x11" * 32).hex()
OWNER = Account.from_key(SECRET).address
CONTRACT = "0x99bbA657f2BbC93c02D617f8bA121cB8Fc104Acf"
ROOT = f"7:{'ab' * 32}"
ADD = (
    *("--ledger", "127.0.0.1:9", "--ledger-id", "zr-1", "--chain", "sepolia=http://127.0.0.1:9"),
    *("--omni", CONTRACT),
)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The profiles of this test alone."""
    path = tmp_path / "config" / "networks.toml"
    monkeypatch.setenv("ZRSIGN_NETWORKS", str(path))
    monkeypatch.setenv("ZRSIGN_STATE", str(tmp_path / "state"))
    for variable in (selection.VARIABLE, PASSWORD, "A_KEY"):
        monkeypatch.delenv(variable, raising=False)
    return path


def command(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, done.output
    if isinstance(done.exception, ManifestError | UsageError):
        return f"{done.exception} {done.exception.hint}"
    return done.output


@pytest.fixture(scope="session")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "user.json"
    kept = Account.encrypt(bytes.fromhex(SECRET), "a password", kdf="pbkdf2", iterations=2)
    path.write_text(json.dumps(kept))
    return path


def test_added_network__should_say_what_was_given(file: Path, keystore: Path) -> None:
    command("networks", "add", "mine", *ADD, "--root", ROOT, "--keystore", str(keystore))
    found = selection.load(profile="mine")
    assert found.contract("omni").address == CONTRACT
    assert found.chain(found.contract("omni").chain).rpc_url == "http://127.0.0.1:9"
    assert (found.ledger.grpc, found.ledger.root) == ("127.0.0.1:9", ROOT)
    assert found.account("user").owner == found.resolve("user") == OWNER
    assert [each.name for each in found.destinations] == ["sepolia", "ledger"]


def test_second_network__should_leave_the_first_as_it_is(file: Path) -> None:
    command("networks", "add", "mine", *ADD)
    file.write_text("# mine own words\n" + file.read_text())
    before = file.read_text()
    command("networks", "add", "other", *ADD)
    assert file.read_text().startswith(before)
    assert read_profiles().names == ("mine", "other")


def test_file__should_be_for_its_owner_and_not_be_found_by_chance(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """URLs of nodes hold keys; and a folder's author does not choose whom one's key pays."""
    command("networks", "add", "mine", *ADD)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (strange := tmp_path / "strange").mkdir()
    (strange / FILE).write_text('default = "theirs"\n' + file.read_text())
    monkeypatch.chdir(strange)
    monkeypatch.delenv("ZRSIGN_NETWORKS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert read_profiles().names == ()
    assert path_of_profiles() == tmp_path / "none" / "zrsign" / FILE


@pytest.mark.parametrize("name", ["mine", "local", "", "a.b", "A", "x\ny", "[x]"])
def test_name_that_cannot_be_one__should_be_refused(file: Path, name: str) -> None:
    command("networks", "add", "mine", *ADD)
    before = file.read_text()
    command("networks", "add", name, *ADD, code=1)
    assert file.read_text() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--root", "7"),
        ("--root", "7:zz"),
        ("--omni", CONTRACT.lower().replace("0x", "0X")),
        ("--omni", CONTRACT[:-1] + "F"),
        ("--omni", "vitalik.eth"),
        ("--chain", "sepolias"),
        ("--keystore", "k.json", "--private-key-env", "A_KEY"),
    ],
)
def test_network_that_could_not_work__should_not_be_written(
    file: Path, arguments: tuple[str, ...]
) -> None:
    command("networks", "add", "mine", *ADD, *arguments, code=1)
    assert not file.exists()


def test_choice__should_be_the_nearest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path
) -> None:
    for name in ("kept", "set", "named"):
        command("networks", "add", name, *ADD)
    with pytest.raises(ManifestError, match="No network was started"):
        selection.load()
    command("networks", "use", "kept")

    def name_of(**options: str) -> str:
        found = selection.load(**options)  # type: ignore[arg-type]
        assert isinstance(found, Profile)
        return found.name

    assert name_of() == "kept"
    monkeypatch.setenv(selection.VARIABLE, "set")
    assert name_of() == "set"
    with selection.chosen("named"):
        assert name_of() == "named"
        with pytest.raises(UsageError):
            selection.load(tmp_path)
    assert name_of(profile="kept") == "kept"
    # A state directory that is named is the network of that directory.
    with pytest.raises(ManifestError, match=str(tmp_path)):
        selection.load(tmp_path)
    monkeypatch.setenv(selection.VARIABLE, "local")
    with pytest.raises(ManifestError, match="No network was started"):
        selection.load()
    command("networks", "use", "local")
    assert "default" not in file.read_text()


def test_profile_of_a_group__should_hold_for_its_commands() -> None:
    said = command("policies", "--profile", "nowhere", "approve", "1", code=1)
    assert "'nowhere'" in said
    assert "'nowhere'" in command("policies", "approve", "1", "--profile", "nowhere", code=1)


@pytest.mark.parametrize(
    "words",
    [
        ["request", "key", "evm"],
        ["request", "workspace"],
        ["track", "1"],
        ["keys"],
        ["workspaces"],
        ["policies"],
        ["policies", "new", "user", "--need", "1"],
        ["deploy", "omni"],
    ],
)
def test_command__should_read_the_profile_and_no_other_file(words: list[str]) -> None:
    said = command(*words, "--profile", "nowhere", code=1)
    assert "zrsign networks add nowhere" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = ", "does not parse"),
        ("mine = 3", "no table"),
        ("[mine.ledger]\ngrpc = 'a:1'", "ledger.chain_id"),
        ("[mine.ledger]\ngrpc = 'a:1'\nchain_id = 'c'\nroof = 1", "ledger.roof"),
        ("[mine]\nchains = 3\n[mine.ledger]\ngrpc = 'a:1'\nchain_id = 'c'", "mine.*chains"),
        ("[mine.ledger]\ngrpc = 'a:1'\nchain_id = 'c'\n[mine.chains]\n[mine.accounts.a]", "one of"),
    ],
)
def test_file_that_is_wrong__should_be_named_with_its_fault(
    file: Path, text: str, said: str
) -> None:
    file.parent.mkdir()
    file.write_text(text)
    with pytest.raises(ManifestError, match=said) as refused:
        selection.load(profile="mine")
    assert str(file) in str(refused.value)


def test_template__should_be_a_chain_that_is_known() -> None:
    assert {each.caip2 for each in TEMPLATES.values()} <= set(KNOWN_CHAINS)


def account(**source: object) -> ProfileAccount:
    return ProfileAccount.model_validate({"name": "user", **source})


def test_keystore__should_open_with_its_password(
    keystore: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "password"
    written.write_text("a password\n")
    assert account(keystore=keystore, password_file=written).evm().address == OWNER
    monkeypatch.setenv(PASSWORD, "a password")
    by_variable = account(keystore=keystore)
    assert by_variable.evm().address == OWNER
    assert by_variable.ledger().address == by_variable.ledger_address
    # What is open stays open.
    monkeypatch.setenv(PASSWORD, "another")
    assert by_variable.secret().hex() == SECRET


def refused(look: Callable[[], object]) -> str:
    with pytest.raises(ManifestError) as error:
        look()
    return f"{error.value} {error.value.hint}"


def test_keystore__should_say_why_it_stays_closed(
    keystore: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "password_file" in refused(account(keystore=keystore).secret)
    monkeypatch.setenv(PASSWORD, "hunter2")
    said = refused(account(keystore=keystore).secret)
    assert str(keystore) in said
    assert "hunter2" not in said
    assert "nowhere.json" in refused(account(keystore=tmp_path / "nowhere.json").found)
    (strange := tmp_path / "strange.json").write_text("[]")
    assert "no keystore" in refused(account(keystore=strange).found)
    assert "nowhere" in refused(
        account(keystore=keystore, password_file=tmp_path / "nowhere").secret
    )


def test_key_in_the_environment__should_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    found = account(private_key_env="A_KEY")
    assert "A_KEY is not set" in refused(found.secret)
    monkeypatch.setenv("A_KEY", "0x12345")
    with pytest.warns(UserWarning, match="for tests"):
        assert "12345" not in refused(found.secret)
    monkeypatch.setenv("A_KEY", "0x" + SECRET)
    with pytest.warns(UserWarning, match="for tests"):
        assert found.owner == OWNER


def test_key_file__should_open_without_a_password(tmp_path: Path) -> None:
    (path := tmp_path / "user.key").write_text(SECRET)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert account(key_file=path).owner == OWNER
    assert "nowhere.key" in refused(account(key_file=tmp_path / "nowhere.key").secret)


async def test_check__should_find_every_part_that_does_not_answer(keystore: Path) -> None:
    command("networks", "add", "mine", *ADD, "--keystore", str(keystore))
    found = {each.part: each for each in await check(read_profiles().profile("mine"))}
    assert set(found) == {"chain sepolia", "omni contract", "ledger", "account user"}
    assert {part for part, each in found.items() if each.fault} == set(found) - {"account user"}
    assert found["chain sepolia"].where == "127.0.0.1:9"
