"""What the command line says when the machine is at fault: one message, the next step, no trace."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zrsign import cli
from zrsign.local.network import accounts, manifest
from zrsign.local.network.manifest import DaemonEntry, LedgerEntry, Manifest
from zrsign.local.network.ports import Ports
from zrsign.local.tools import installer
from zrsign.local.tools.catalogue import Recipe
from zrsign.local.tools.errors import InstallFailed

Refused = Callable[..., str]


class Away:
    """What anvil comes from, where nothing can be fetched."""

    label = "anvil"

    def fingerprint(self) -> str:
        return "1"

    def build(self, folder: Path, scratch: Path) -> None:
        raise InstallFailed("the registry is away")

    def launchers(self) -> dict[str, str]:
        return {"anvil": ""}


@pytest.fixture
def refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Refused:
    """Run a command that must fail with `code`; returns its message with the next step."""
    monkeypatch.setenv("ZRSIGN_STATE", str(tmp_path / "state"))

    def run(*arguments: str | Path, code: int) -> str:
        monkeypatch.setattr("sys.argv", ["zrsign", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr().err
        assert ended.value.code == code, said
        assert said.startswith("error ")
        assert "\n next " in said
        return said

    return run


def network(folder: Path, *, pid: int, dead: str = "127.0.0.1:9") -> Manifest:
    """The manifest of a network none of whose parts answers, or other programs do."""
    folder.mkdir()
    found = Manifest(
        pid=pid,
        state_dir=folder,
        ledger=LedgerEntry(
            chain_id="zrsign-local",
            grpc=dead,
            rest=f"http://{dead}",
            rpc=f"http://{dead}",
            store=folder / "ledger",
        ),
        chains=(),
        accounts=accounts.create(folder / "keys"),
        daemons=(DaemonEntry(name="relayer", pid=pid, health=f"http://{dead}"),),
    )
    found.save()
    return found


def ended_pid() -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        yield owner.getsockname()[1]


def test_up__should_name_every_taken_port(
    refused: Refused, taken: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    free = Ports.free()
    monkeypatch.setattr(Ports, "free", classmethod(lambda _: Ports(**{**vars(free), **used})))
    used = {"relayer": taken}
    said = refused("up", "--free-ports", "--state", tmp_path / "n", code=1)
    assert f"relayer {taken}" in said


def test_up__should_say_why_it_cannot_bring_its_programs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a machine without them, and without what they come from."""
    monkeypatch.setenv("ZRSIGN_TOOLS_DIR", str(tmp_path / "tools"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(installer, "BUILDS", {Recipe.NPM: Away()})
    monkeypatch.setattr(installer, "CHAINS", ((Recipe.NPM,),))
    state = str(tmp_path / "n")
    monkeypatch.setattr("sys.argv", ["zrsign", "up", "--free-ports", "--no-btc", "--state", state])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        f"anvil: installing (in {tmp_path / 'tools'})",
        "error the registry is away",
        " next See what is there: zrsign doctor",
    ]


def test_up__should_remove_no_files_but_an_earlier_networks(
    refused: Refused, tmp_path: Path
) -> None:
    precious = tmp_path / "home" / "letters.txt"
    precious.parent.mkdir()
    precious.write_text("dear")
    said = refused("up", "--free-ports", "--state", precious.parent, code=1)
    assert "no network's" in said
    assert precious.read_text() == "dear"
    assert "no network's" in refused("demo", "--state", precious.parent, code=1)
    assert [*tmp_path.iterdir()] == [precious.parent]


def test_up__should_name_a_state_directory_that_cannot_be_written(
    refused: Refused, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    for place in (file, file / "network"):
        said = refused("up", "--free-ports", "--state", place, code=1)
        assert str(place) in said
    assert file.read_text() == "kept"


def test_demo__should_name_a_report_that_cannot_be_written_before_it_starts(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "no" / "folder" / "report.json"
    monkeypatch.setenv("ZRSIGN_DEMO_JSON", str(report))
    assert str(report) in refused("demo", "--state", tmp_path / "n", code=1)
    assert not (tmp_path / "n").exists()


@pytest.mark.parametrize("command", [["track", "1"], ["keys"], ["workspaces"], ["policies"]])
def test_damaged_store_of_a_stopped_network__should_be_named_and_kept(
    command: list[str], refused: Refused, tmp_path: Path
) -> None:
    stopped = network(tmp_path / "n", pid=ended_pid())
    data = stopped.ledger.store / "data.mdb"
    data.parent.mkdir()
    data.write_bytes(b"this is no database" * 1000)
    said = refused(*command, "--state", stopped.state_dir, code=2)
    assert str(data.parent) in said
    assert data.read_bytes() == b"this is no database" * 1000


@pytest.mark.parametrize("content", ["", "{", '{"pid": "x"}', "\x00\x01"])
def test_damaged_manifest__should_be_named(content: str, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / manifest.FILE).write_text(content)
    said = refused("status", "--state", tmp_path, code=2)
    assert str(tmp_path / manifest.FILE) in said


def test_damaged_key_file__should_be_named(refused: Refused, tmp_path: Path) -> None:
    running = network(tmp_path / "n", pid=os.getpid())
    for content in ("", "no key", "00" * 32):
        running.account("user").secret_file.write_text(content)
        said = refused(
            *("policies", "approve", "1", "--as", "user", "--state", running.state_dir), code=2
        )
        assert str(running.account("user").secret_file) in said


def test_status__should_say_that_a_strange_program_answers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Quiet(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        strange = network(tmp_path / "n", pid=os.getpid(), dead=f"127.0.0.1:{server.server_port}")
        monkeypatch.setattr(
            "sys.argv", ["zrsign", "status", "--json", "--state", str(strange.state_dir)]
        )
        with pytest.raises(SystemExit) as ended:
            cli.main()
        server.shutdown()
    assert ended.value.code == 1
    faults = {
        each["name"]: each["fault"] for each in json.loads(capsys.readouterr().out)["services"]
    }
    assert "something else answers" in faults["relayer"]
    assert faults["ledger"]


def test_up__should_keep_no_network_that_was_not_stopped_in_order(
    refused: Refused, tmp_path: Path
) -> None:
    nowhere = tmp_path / "nowhere"
    assert "there is none" in refused("up", "--keep", "--state", nowhere, code=1)
    assert not nowhere.exists()
    stopped = network(tmp_path / "n", pid=ended_pid())
    options = {"ports": {}, "keyring": "", "validators": 0, "without": []}
    (stopped.state_dir / "start.json").write_text(json.dumps(options))
    files = sorted(stopped.state_dir.rglob("*"))
    assert "not stopped in order" in refused("up", "--keep", "--state", stopped.state_dir, code=1)
    assert sorted(stopped.state_dir.rglob("*")) == files


def test_up__should_take_no_other_options_for_a_network_that_goes_on(
    refused: Refused, tmp_path: Path
) -> None:
    for other in (["--free-ports"], ["--no-sol"], ["--keyring", "local"], ["--validators", "2"]):
        said = refused("up", "--keep", *other, "--state", tmp_path / "n", code=2)
        assert "options of the last start" in said
