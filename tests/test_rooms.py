"""Which room may import which. Daemons meet on the ledger and nowhere else."""

from __future__ import annotations

import ast
import graphlib
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOR_DAEMONS = (
    "zrsign_chains",
    "zrsign_daemon",
    "zrchain_lite.client",
    "zrchain_lite.networks",
    "zrchain_lite.wire",
)
NAMED = re.compile(r"\w+(\.\w+)+:\w+")
ALLOWED: dict[str, tuple[str, ...]] = {
    "zrsign_chains": (),
    "zrsign_daemon": (),
    "zrsign_daemon/composing": ("zrsign_chains", "zrchain_lite.client", "zrchain_lite.wire"),
    "zrsign_daemon/events": ("zrsign_chains", "zrchain_lite.wire"),
    "zrsign_dmpc": (),
    "zrsign_operator": ("zrsign_dmpc", *FOR_DAEMONS),
    "zrsign_operator/sources": (
        *FOR_DAEMONS,
        "zrsign_receiver.answers.authority",
        "zrsign_receiver.errors",
        "zrsign_receiver.requests.ownership",
        "zrsign_receiver.requests.payloads",
    ),
    "zrchain_lite": ("zrsign_chains", "zrsign_daemon.program", "zrsign_daemon.validation"),
    # A client that verifies runs the receiver's queries as well, and looks it up by its name.
    "zrchain_lite/client": ("zrsign_chains", "zrsign_receiver.module"),
    "zrsign_receiver": ("zrsign_chains", "zrchain_lite"),
    "zrsign_listener": FOR_DAEMONS,
    "zrsign_dev_keyring": FOR_DAEMONS,
    "relayer": FOR_DAEMONS,
    "zrsign_btc_proxy": FOR_DAEMONS,
    "scripts": ("zrsign",),
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def looked_up(path: Path) -> Iterator[str]:
    """What a file names as `package.module:Name`, to be imported when it is needed."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and NAMED.fullmatch(str(node.value)):
            yield str(node.value).replace(":", ".")


def is_under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


@pytest.mark.parametrize("room", ALLOWED)
def test_room__should_import_only_what_it_may(room: str) -> None:
    rooms = {*ALLOWED, "zrsign"} - {room.split("/")[0]}
    strays = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / room).rglob("*.py"))
        if not any(
            path.is_relative_to(ROOT / inner) for inner in ALLOWED if inner.startswith(f"{room}/")
        )
        for name in (*imports(path), *looked_up(path))
        if name.split(".")[0] in rooms
        and not any(is_under(name, allowed) for allowed in ALLOWED[room])
    ]
    assert strays == []


def test_packages__should_carry_the_marker_of_their_types() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    packages = build["targets"]["wheel"]["only-include"]
    assert [name for name in packages if not (ROOT / name / "py.typed").is_file()] == []


def module_of(path: Path) -> str:
    place = path.relative_to(ROOT).with_suffix("")
    return ".".join(place.parts[:-1] if place.name == "__init__" else place.parts)


def modules_imported(path: Path, modules: Collection[str]) -> Iterator[str]:
    """Those among `modules` that a file imports, at its head, in a function or for types alone."""
    for name in imports(path):
        module = name
        while module and module not in modules:
            module = module.rpartition(".")[0]
        if module and module != module_of(path):
            yield module


@pytest.mark.parametrize("package", sorted({*ALLOWED, "zrsign"}))
def test_package__should_have_no_circle_of_imports(package: str) -> None:
    paths = {module_of(path): path for path in (ROOT / package).rglob("*.py")}
    arrows = {module: set(modules_imported(path, paths)) for module, path in paths.items()}
    assert len(list(graphlib.TopologicalSorter(arrows).static_order())) == len(paths)
