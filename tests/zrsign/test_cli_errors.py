"""One style of error: what happened, the next step that fits, an exit code that says which kind."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

import pytest

from zrchain_lite.client import errors as client
from zrsign import cli
from zrsign.cli import errors
from zrsign.errors import AnswerTimeout, UsageError, ZrSignError

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command to its end; its exit code, and what it said on standard error."""

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["zrsign", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code, capsys.readouterr().err

    return call


@pytest.mark.parametrize(
    ("error", "text", "hint"),
    [
        (
            client.ObjectNotFound("/zrsign.receiver.Query/Request", "NOT_FOUND", "no request 9"),
            "The ledger says: no request 9",
            "The ledger is there",
        ),
        (
            client.QueryFailed("/zrchain.x.Query/Y", "INVALID_ARGUMENT", "a limit is at most 100"),
            "The ledger says: a limit is at most 100",
            "the ledger is there",
        ),
        (
            client.AccountUnknown("/x.Query/Y", "NOT_FOUND", "no account zen1x"),
            "The ledger says: no account zen1x",
            "Send some urock",
        ),
        (
            client.LedgerUnavailable("127.0.0.1:9: refused"),
            "127.0.0.1:9",
            "Is the network running?",
        ),
        (client.NotVerified("127.0.0.1:9", "another root"), "another root", "Ask another node"),
    ],
)
def test_hint__should_follow_what_happened(error: Exception, text: str, hint: str) -> None:
    fault = errors.fault_of(error)
    assert fault is not None
    assert text in fault.text
    assert hint in fault.hint
    assert "NOT_FOUND" not in fault.text
    assert "Query/" not in fault.text


def test_node_that_answers__should_never_be_asked_whether_it_runs() -> None:
    for kind in (client.ObjectNotFound, client.QueryFailed, client.AccountUnknown):
        fault = errors.fault_of(kind("/x.Query/Y", "S", "said"))
        assert fault is not None
        assert "running?" not in fault.hint


def test_known_errors__should_exist_and_be_reached_before_their_roots() -> None:
    seen: list[type] = []
    for module, name, *_ in errors.KNOWN:
        kind = getattr(import_module(module), name)
        assert not [root for root in seen if issubclass(kind, root)], name
        seen.append(kind)


@pytest.mark.parametrize(
    ("arguments", "said", "look"),
    [
        (["policies", "approve", "x"], "'action' must be a whole number.", "policies approve"),
        (["up", "--validators", "9"], "'--validators' must be at most 7.", "up"),
        (["request", "key", "evm", "--index", "-1"], "No such option: --index", "request key"),
        (["request", "key"], "Missing argument 'wallet'.", "request key"),
        (["policies", "aprove", "1"], "Did you mean 'approve'?", "policies"),
        (["nothing"], "No such command 'nothing'.", "zrsign"),
    ],
)
def test_call_that_does_not_parse__should_be_said_like_any_error(
    run: Run, arguments: list[str], said: str, look: str
) -> None:
    code, shown = run(*arguments)
    assert code == errors.WRONG_CALL
    first, second = shown.splitlines()
    assert first.startswith("error ")
    assert said in first
    assert second.startswith(" next ")
    assert second.endswith(f"{look} --help")


def test_group_without_arguments__should_show_its_help_and_no_error(run: Run) -> None:
    assert run("request") == (errors.WRONG_CALL, "")


def kinds(root: type[ZrSignError]) -> list[type[ZrSignError]]:
    return [root, *(each for below in root.__subclasses__() for each in kinds(below))]


def test_exit_codes__should_all_be_explained() -> None:
    assert {kind.exit_code for kind in kinds(ZrSignError)} <= set(errors.CODES)
    assert {code for *_, code in errors.KNOWN} <= set(errors.CODES)
    assert UsageError("x").exit_code == errors.WRONG_CALL
    assert AnswerTimeout("x").exit_code == errors.UNFINISHED
