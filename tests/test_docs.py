"""The pages name only what exists: files, headings, commands, settings, metrics, code words."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from prometheus_client.metrics import MetricWrapperBase

from scripts import settings_reference
from zrchain_lite.modules.treasury.wallets import KEY_TYPE_WORDS
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as wire
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign.cli import app
from zrsign.daemons import DAEMONS
from zrsign_daemon.settings import Settings
from zrsign_receiver.errors import Reason
from zrsign_receiver.rest import api

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md")])
FAULTS = (DOCS / "faults.md").read_text()
MADE_LATER = (".zrsign", ".tools", ".venv", "build", "dist", "config", "collateral")
"""Paths below these are made by a command, so a fresh clone has none of them."""
READERS_OWN = {"pay.py"}
"""Files that a page tells its reader to write."""
PAGE_OF = {"operator": "operators", "keyring": "dev-keyring"}
"""The page of a daemon, where it is not named after it."""
METRICS = {
    "listener.md": "zrsign_listener",
    "relayer.md": "relayer",
    "btc-proxy.md": "zrsign_btc_proxy",
    "operators.md": "zrsign_operator",
    "dev-keyring.md": "zrsign_dev_keyring",
}
"""The package of each page that has a section on metrics."""


def of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The ids that a host makes of the page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def code_spans(text: str) -> Iterator[str]:
    plain = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", plain)


def commands(page: Path) -> list[str]:
    """The lines of the page's console blocks that begin with `$ zrsign`."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return re.findall(r"^\$ zrsign (.+)$", "".join(blocks), re.MULTILINE)


def section(page: str, heading: str) -> str:
    text = (DOCS / page).read_text()
    return re.split(r"^## ", text.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_links__should_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        found = page.parent / path if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_paths__should_exist(page: Path) -> None:
    rooms = {path.name for path in ROOT.iterdir()}
    for span in code_spans(page.read_text()):
        first, slash, _ = span.partition("/")
        if slash and first in rooms and first not in MADE_LATER and not re.search(r"[ <]", span):
            assert list(ROOT.glob(span.rstrip("/"))), span


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_modules__should_exist(page: Path) -> None:
    files = [
        f"/{of(path)}"
        for room in ROOT.iterdir()
        if room.is_dir() and room.name[0] != "."
        for path in room.rglob("*.py")
    ]
    for span in code_spans(page.read_text()):
        if re.fullmatch(r"[\w/]+\.py", span) and span not in READERS_OWN:
            assert any(path.endswith(f"/{span}") for path in files), span


@pytest.mark.parametrize("page", PAGES, ids=of)
def test_dotted_names__should_exist(page: Path) -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    for span in code_spans(page.read_text()):
        # `zrsign.storage…` are the contracts' storage namespaces (ERC-7201).
        if span.startswith("zrsign.storage") or span.split(".")[0] not in rooms:
            continue
        if re.fullmatch(r"\w+(\.\w+)+", span):
            pkgutil.resolve_name(span)


def test_index__should_lead_to_every_page() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "index.md").read_text()))
    assert linked == {path.name for path in DOCS.glob("*.md")} - {"index.md"}


def test_architecture__should_list_every_room() -> None:
    table = section("architecture.md", "The rooms").split("Arrows point")[0]
    listed = {
        each
        for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
        for each in re.findall(r"`([\w]+)/`", row)
    }
    hidden = {"docs", "locks", "build", "dist", "htmlcov", "locals"}
    rooms = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name[0] not in "._"} - hidden
    assert listed == rooms


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=of)
def test_commands__should_be_those_of_the_command_line(page: Path) -> None:
    for line in commands(page):
        command: Any = typer.main.get_command(app)
        words = shlex.split(line)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert not hasattr(command, "commands") or command.invoke_without_command, line
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        unknown = [word for word in words if word.startswith("-") and word not in known]
        assert not unknown, line


def settings_shown(daemon: str) -> Settings:
    """The settings in the TOML block of a daemon's page."""
    page = (DOCS / f"{PAGE_OF.get(daemon, daemon)}.md").read_text()
    (shown,) = re.findall(r"^ *```toml\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    return DAEMONS[daemon](**tomllib.loads(shown))


@pytest.mark.parametrize("daemon", DAEMONS)
def test_variables_of_the_settings_page__should_be_read(
    daemon: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_shown(daemon)
    prefix = str(settings.model_config["env_prefix"])
    listed = re.findall(rf"`({prefix}\w+)`", section("settings.md", daemon))
    assert listed
    for variable in listed:
        value: Any = settings.model_dump(mode="json", exclude_none=True)
        for key in variable.removeprefix(prefix).lower().split("__"):
            value = (value or {}).get(key)
        if value is not None:
            monkeypatch.setenv(variable, value if isinstance(value, str) else json.dumps(value))
    assert DAEMONS[daemon]() == settings


def test_settings_page__should_be_fresh() -> None:
    assert settings_reference.PAGE.read_text() == settings_reference.page()


def test_settings__should_all_be_described() -> None:
    assert settings_reference.undescribed() == []


def metrics_of(package: str) -> set[str]:
    """The package's metrics as /metrics shows them, each with its labels."""
    found = set()
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, MetricWrapperBase):
                name = value._name + ("_total" if value._type == "counter" else "")
                labels = ",".join(value._labelnames)
                found.add(f"{name}{{{labels}}}" if labels else name)
    return found


@pytest.mark.parametrize("page", METRICS)
def test_metrics__should_be_those_of_the_code(page: str) -> None:
    text = section(page, "Metrics")
    listed = set(re.findall(r"`(\w*_\w+(?:\{[\w,]+\})?)`", text))
    assert listed == metrics_of(METRICS[page])


def test_receiver__should_list_its_paths_statuses_and_parameters() -> None:
    class Nothing:
        def query(self, path: str, data: bytes) -> bytes:
            raise NotImplementedError

        async def wait_above(self, height: int, timeout_s: float) -> int:
            raise NotImplementedError

    page = (DOCS / "receiver.md").read_text()
    paths = {str(getattr(route, "path", "")) for route in api.router(Nothing()).routes}
    assert set(re.findall(r"^\| `(/\S+)` \|", section("receiver.md", "REST"), re.MULTILINE)) == {
        path.removeprefix("/zrsign/v1") for path in paths
    }
    statuses = {
        name.removeprefix("REQUEST_STATUS_") for name in dict(receiver.RequestStatus.items())
    }
    table = section("receiver.md", "A request")
    assert set(re.findall(r"^\| `([A-Z]+)` \|", table, re.MULTILINE)) == statuses - {"UNSPECIFIED"}
    for field in receiver.Params.DESCRIPTOR.fields_by_name:
        assert f"`{field}`" in page
    assert set(re.findall(r"`(\w+_\w+)`", section("receiver.md", "When something breaks"))) <= {
        *map(str, Reason),
        "zrsign_conflict",
    }


LISTENER_FAULTS = ("standby", "hostile_nodes", "reorganisations")


def test_faults__should_name_tests_that_exist() -> None:
    files = ("e2e/test_faults", *(f"zrsign_listener/test_{n}" for n in LISTENER_FAULTS))
    source = "".join((ROOT / "tests" / f"{file}.py").read_text() for file in files)
    named = re.findall(r"`(test_\w+)`(?= \||, `test_)", FAULTS)
    assert len(named) == 19
    assert [name for name in named if f"def {name}" not in source] == []


def test_faults__should_name_code_words_and_errors_that_exist() -> None:
    table = FAULTS.split("code word or error |")[1].split("All code words")[0]
    words = set(re.findall(r"`(\w+)`", table))
    abi = json.loads((ROOT / "zrsign_chains" / "abi" / "ZrSign.json").read_text())
    known = {each["name"] for each in abi if each["type"] == "error"} | {str(r) for r in Reason}
    assert words
    assert words <= known


def test_keys__should_list_every_key_type_and_wallet_type() -> None:
    page = (DOCS / "keys.md").read_text()
    for enum, prefix in ((wire.KeyType, "KEY_TYPE_"), (wire.WalletType, "WALLET_TYPE_")):
        listed = {f"{number} `{name.removeprefix(prefix)}`" for name, number in enum.items()}
        assert {entry for entry in listed if entry not in page} == {"0 `UNSPECIFIED`"}
    assert {word for word in KEY_TYPE_WORDS if f"`{word}`" not in page} == set()
