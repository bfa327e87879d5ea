"""Mutation testing: change one thing in a module, and see whether its tests notice.

    python -m scripts.mutants stages               every mutant of the room `stages`
    python -m scripts.mutants stages --sample 40   40 of them, chosen by `--seed`
    python -m scripts.mutants stages --only 71 stages:90   those of these lines

`tests/mutants.toml` names the rooms, their tests, and the mutants that may live, each with its line
and its reason. What does not depend on a room's modules is imported once; each mutant runs its
tests in a fork, with a budget of processor time. The command fails when a mutant lives that is not
on the list, when one on the list no longer exists, or when fewer than 95 % are killed.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from scripts.mutation import Mutant, mutants_of

ROOT: Final = Path(__file__).resolve().parent.parent
ROOMS: Final = ROOT / "tests" / "mutants.toml"
KILLED_AT_LEAST: Final = 0.95
"""The share of mutants that a room's tests must notice."""
BUDGET: Final = 4
"""A mutant may use this many times the processor seconds of the unchanged module, and 10 more."""
IDLE: Final = 20
"""A mutant may last this many times the seconds of its processor budget: it waits for nothing."""

FIRST: Final = "unchanged.log"
"""What pytest says of the module as it is."""
_OPTIONS: Final = (
    *("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly"),
    # The libraries are imported before pytest starts, by design.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


@dataclass(frozen=True)
class Room:
    """Modules and the tests that should notice every change in them."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    survivors: Counter[tuple[str, str]]
    """How many mutants of a name and a line may live."""

    def mutants(self) -> list[Located]:
        """Every mutant, in the order of the modules."""
        return [
            Located(module, mutant)
            for module in self.modules
            for mutant in mutants_of(path_of(module).read_text(encoding="utf-8"))
        ]

    def unlisted(self, lived: Iterable[Located]) -> list[Located]:
        """Those that no row excuses: where more live than there are rows, all of them."""
        left = Counter(self.survivors)
        left.subtract(each.key for each in lived)
        return [each for each in lived if left[each.key] < 0]

    def gone(self) -> list[tuple[str, str]]:
        """The names and lines of rows for which there is no mutant any more."""
        return sorted(self.survivors - Counter(each.key for each in self.mutants()))


@dataclass(frozen=True)
class Located:
    """A mutant and the module that it is of."""

    module: str
    mutant: Mutant

    @property
    def key(self) -> tuple[str, str]:
        """What a row of the list says of it."""
        return self.mutant.name, self.mutant.text

    @property
    def place(self) -> str:
        """Its file's name and its line, as in `stages:71`."""
        return f"{self.module.rpartition('.')[2]}:{self.mutant.line}"


def path_of(module: str) -> Path:
    """A module's file."""
    return ROOT / Path(*module.split(".")).with_suffix(".py")


def room_named(name: str) -> Room:
    """The room of `tests/mutants.toml`; raises SystemExit with the names that there are."""
    rooms = tomllib.loads(ROOMS.read_text(encoding="utf-8"))
    if name not in rooms:
        raise SystemExit(f"There is no room {name!r}. Rooms: {', '.join(sorted(rooms))}")
    found = rooms[name]
    survivors = Counter((each["mutant"], each["line"]) for each in found.get("survivors", []))
    return Room(tuple(found["modules"]), tuple(found["tests"]), survivors)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed tree, and every other one as it is."""

    def __init__(self, changed: Located) -> None:
        self._module, self._tree = changed.module, changed.mutant.tree

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._module:
            return None
        return importlib.util.spec_from_file_location(name, path_of(name), loader=self)

    def exec_module(self, module: ModuleType) -> None:
        code = compile(self._tree, str(path_of(self._module)), "exec")
        exec(code, module.__dict__)  # noqa: S102


def _tests_pass(room: Room, changed: Located | None, log: Path) -> None:
    """Run the room's tests on a changed module, and end this process with their verdict."""
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    if changed is not None:
        sys.meta_path.insert(0, _Changed(changed))
    code = pytest.main(["-x", "-q", *_OPTIONS, *room.tests])
    sys.stdout.flush()
    os._exit(int(code))


@dataclass
class _Run:
    """One fork that runs the tests of one mutant."""

    mutant: Located | None
    started: float


class Fork:
    """Runs tests in forks, a few at a time, each with a budget of processor seconds."""

    def __init__(self, room: Room, logs: Path) -> None:
        self._room, self._logs = room, logs
        self._running: dict[int, _Run] = {}
        self.budget_s = 600

    def start(self, mutant: Located | None) -> None:
        """Begin the tests of a mutant, or of the modules as they are."""
        log = self._logs / (FIRST if mutant is None else "mutant.log")
        pid = os.fork()
        if pid == 0:
            try:
                os.setpgid(0, 0)
                resource.setrlimit(resource.RLIMIT_CPU, (self.budget_s, self.budget_s + 5))
                _tests_pass(self._room, mutant, log)
            finally:
                os._exit(70)
        self._running[pid] = _Run(mutant, time.monotonic())

    def next_end(self) -> tuple[Located | None, bool, float]:
        """Wait for one to end: the mutant, whether its tests passed, its processor seconds."""
        while True:
            for pid, run in self._running.items():
                ended, status, usage = os.wait4(pid, os.WNOHANG)
                if ended:
                    _end_group(pid)
                    del self._running[pid]
                    return run.mutant, status == 0, usage.ru_utime + usage.ru_stime
                if time.monotonic() - run.started > IDLE * self.budget_s:
                    _end_group(pid)
            time.sleep(0.02)

    def __len__(self) -> int:
        return len(self._running)


def _end_group(pid: int) -> None:
    """End what a fork left behind, and the fork itself."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


class _Absent(importlib.abc.MetaPathFinder):
    """Refuses the import of a room's modules, and so of all that import them."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._modules = modules

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if name in self._modules:
            raise ImportError(f"{name} is imported by the forks alone")


def preload(room: Room, logs: Path) -> None:
    """Import what the room's tests use and what does not depend on its modules.

    A fork tells what they use. What cannot be imported alone is left to the forks, and so are the
    tests themselves, which pytest rewrites.
    """
    names = logs / "modules"
    pid = os.fork()
    if pid == 0:
        out = os.open(logs / "collect.log", os.O_WRONLY | os.O_CREAT)
        os.dup2(out, 1)
        os.dup2(out, 2)
        pytest.main(["--collect-only", "-q", *_OPTIONS, *room.tests])
        names.write_text("\n".join(sys.modules))
        os._exit(0)
    os.waitpid(pid, 0)
    absent = _Absent(room.modules)
    sys.meta_path.insert(0, absent)
    for name in names.read_text().split():
        if name not in sys.modules and not _is_a_test(name.rpartition(".")[2]):
            try:
                importlib.import_module(name)
            except (ImportError, AttributeError, ValueError):
                continue
    sys.meta_path.remove(absent)
    # No fork looks through these for garbage.
    gc.freeze()


def _is_a_test(name: str) -> bool:
    return name == "conftest" or name.startswith("test_")


def main() -> int:
    """Run the command; the exit code is 1 when a room's tests notice too little."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("room", help="a room of tests/mutants.toml")
    parser.add_argument("--sample", type=int, help="so many mutants, not all")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument(
        "--only", nargs="+", metavar="LINE", help="those of these lines, as 71 or FILE:71"
    )
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", action="store_true", help="the result as JSON")
    options = parser.parse_args()
    room = room_named(options.room)
    mutants = room.mutants()
    if options.only:
        only = set(options.only)
        mutants = [each for each in mutants if only & {each.place, str(each.mutant.line)}]
    if options.sample and options.sample < len(mutants):
        mutants = random.Random(options.seed).sample(mutants, options.sample)  # noqa: S311
    lived = run(room, mutants, options.workers)
    return report(options.room, room, len(mutants), lived, as_json=options.json)


def run(room: Room, mutants: Sequence[Located], workers: int) -> list[Located]:
    """The mutants that no test notices; raises SystemExit when the unchanged modules fail."""
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        preload(room, logs)
        fork = Fork(room, logs)
        fork.start(None)
        _, passed, used_s = fork.next_end()
        if not passed:
            print((logs / FIRST).read_text(), file=sys.stderr)
            raise SystemExit(f"The tests of {', '.join(room.modules)} fail without any change.")
        fork.budget_s = int(BUDGET * used_s) + 10
        print(f"{len(mutants)} mutants, {used_s:.1f} s each", file=sys.stderr)
        waiting, lived = list(mutants), []
        while waiting or len(fork):
            while waiting and len(fork) < workers:
                fork.start(waiting.pop(0))
            mutant, passed, _ = fork.next_end()
            if mutant and passed:
                lived.append(mutant)
                name, text = mutant.key
                print(f"  lives  {mutant.place}  {name}  in  {text}", file=sys.stderr)
    return lived


def report(name: str, room: Room, mutants: int, lived: Sequence[Located], *, as_json: bool) -> int:
    """Say how many were killed and which lived; the exit code."""
    killed = mutants - len(lived)
    share = killed / mutants if mutants else 1.0
    unlisted, gone = [each.key for each in room.unlisted(lived)], room.gone()
    if as_json:
        figures = {"room": name, "mutants": mutants, "killed": killed}
        print(json.dumps(figures | {"unlisted": unlisted, "gone": gone}, indent=2))
    else:
        print(f"{name}: {killed} of {mutants} killed ({share:.1%}), {len(unlisted)} unlisted")
        for mutant, line in gone:
            print(f"  listed, and no mutant any more: {mutant}  in  {line}")
    return 1 if unlisted or gone or share < KILLED_AT_LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
