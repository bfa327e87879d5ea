"""Every command: JSON for programs, an example in its help, and words that the shell completes."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.processes import run
from tests.zrsign.test_cli_faults import ended_pid, network
from zrsign import cli
from zrsign.cli import guide
from zrsign.cli.errors import CODES, WRONG_CALL
from zrsign.cli.examples import EXAMPLES
from zrsign.local.network.manifest import ChainEntry, ContractEntry

ROOT = cli.commands()


def walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that does something by itself, with its path."""
    below = getattr(command, "commands", {})
    if not below or command.invoke_without_command:
        yield " ".join(path), command
    for name, each in below.items():
        yield from walk(each, (*path, name))


COMMANDS = {path: command for path, command in walk(ROOT) if path}


@pytest.mark.parametrize("path", COMMANDS)
def test_command__should_print_json(path: str) -> None:
    """But for daemons, whose output is their log, in lines of JSON."""
    options = {option for each in COMMANDS[path].params for option in each.opts}
    assert ("--json" in options) != path.startswith("run ")


@pytest.mark.parametrize("path", COMMANDS)
def test_help__should_say_what_it_does_and_show_an_example(path: str) -> None:
    command = COMMANDS[path]
    assert command.help
    assert command.help.splitlines()[0].endswith(".")
    assert command.epilog.startswith("Examples:")
    assert EXAMPLES[path][0].replace("[", "\\[") in command.epilog


def test_examples__should_be_of_commands_that_exist() -> None:
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_example__should_parse(line: str) -> None:
    """Options, numbers and choices of every example are those of its command; nothing runs."""
    inside = re.search(r"\$\((.*)\)", line)
    words = shlex.split(inside[1] if inside else line)
    assert words.pop(0) == "zrsign"
    command, context = ROOT, typer.Context(ROOT, info_name="zrsign")
    name = "zrsign"
    while words and words[0] in getattr(command, "commands", {}):
        name = words.pop(0)
        command = command.commands[name]
        if hasattr(command, "commands"):
            context = typer.Context(command, info_name=name, parent=context)
    parsed = command.make_context(name, words, parent=context)
    assert parsed.args == []


def test_help_command__should_explain_every_exit_code() -> None:
    done = CliRunner().invoke(cli.app, ["help", guide.EXIT_CODES, "--json"])
    shown = {each["exit_code"]: each["means"] for each in json.loads(done.stdout)}
    assert shown == CODES


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "Usage: "), (["policies", "show"], "policies show"), (["exit-codes"], "130")],
)
def test_help_command__should_show_what_is_asked_for(words: list[str], said: str) -> None:
    done = run([sys.executable, "-m", "zrsign", "help", *words])
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


def test_help_command__should_name_what_there_is() -> None:
    done = run([sys.executable, "-m", "zrsign", "help", "policies", "shew"])
    assert done.returncode == WRONG_CALL
    assert "There is no 'shew' in zrsign policies." in done.stderr
    assert "There are: new, show, approve, revoke" in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [("zrsign pol", "policies"), ("zrsign policies ap", "approve"), ("zrsign up --no", "--no-btc")],
)
def test_shell__should_complete_commands_and_options(words: str, expected: str) -> None:
    asked = {
        "_ZRSIGN_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = run([sys.executable, "-m", "zrsign"], env={**os.environ, **asked})
    assert expected in done.stdout.split(), done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion__should_be_shown_for_a_shell(shell: str) -> None:
    done = run(
        [sys.executable, "-m", "zrsign", "--show-completion", shell],
        env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert "_ZRSIGN_COMPLETE" in done.stdout, done.stderr


# -- a network that stands still -------------------------------------------------------------------


def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["zrsign", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.out, said.err


def test_status__should_print_variables_for_a_shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "a folder; touch pwned"
    found = network(folder, pid=os.getpid())
    chain = ChainEntry(name="evm-source", caip2="eip155:31337", rpc_url="http://127.0.0.1:1")
    contract = ContractEntry(
        chain=chain.caip2, address="0x" + "11" * 20, mode="omni", start_block=0
    )
    found.model_copy(update={"chains": (chain,), "contracts": (contract,)}).save()
    code, lines, _ = call(monkeypatch, capsys, "status", "-o", "env", "--state", folder)
    assert code == 0
    script = f'{lines}\nprintf "%s\\n" "$ETH_RPC_URL" "$ZR_OMNI_CONTRACT" "$ZR_USER_KEY_FILE"'
    done = run(["bash", "-c", script], cwd=tmp_path)
    assert done.stdout.splitlines() == [
        chain.rpc_url,
        contract.address,
        str(found.account("user").secret_file),
    ]
    assert not (tmp_path / "pwned").exists()
    assert found.account("user").secret_file.read_text().strip() not in lines


def test_variables__should_be_no_settings_of_daemons(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """ZRSIGN_LEDGER_GRPC is a setting of the ledger: a shell that has it changes daemons."""
    found = network(tmp_path / "n", pid=os.getpid())
    chain = ChainEntry(name="evm-source", caip2="eip155:31337", rpc_url="http://127.0.0.1:1")
    found.model_copy(update={"chains": (chain,)}).save()
    _, lines, _ = call(monkeypatch, capsys, "status", "-o", "env", "--state", found.state_dir)
    names = [line.removeprefix("export ").partition("=")[0] for line in lines.splitlines()]
    assert len(names) > 10
    assert [name for name in names if name.startswith("ZRSIGN_")] == []


@pytest.mark.parametrize(("answer", "removed"), [("n\n", False), ("", False), ("y\n", True)])
def test_reset__should_ask(answer: str, removed: bool, tmp_path: Path) -> None:
    folder = tmp_path / "n"
    network(folder, pid=ended_pid())
    done = CliRunner().invoke(cli.app, ["reset", "--state", str(folder)], input=answer)
    assert folder.exists() != removed
    assert (done.exit_code == 0) == removed
    if removed:
        assert [*tmp_path.iterdir()] == []


def test_reset__should_remove_no_running_network_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from zrsign.local.network.directory import StateDirectory

    folder = tmp_path / "n"
    network(folder, pid=os.getpid())
    with StateDirectory(folder):
        code, _, said = call(monkeypatch, capsys, "reset", "--yes", "--state", folder)
    assert code == 1
    assert "Another network runs" in said
    assert (folder / "network.json").exists()
    other = tmp_path / "letters"
    other.mkdir()
    (other / "dear").write_text("dear")
    code, _, said = call(monkeypatch, capsys, "reset", "--yes", "--state", other)
    assert code == 2
    assert (other / "dear").exists()
