"""Mutation testing of the contracts: change one thing in a file, and see whether its tests notice.

    python -m scripts.solidity_mutants                        every mutant of every file
    python -m scripts.solidity_mutants ZrProxy --sample 40    40 of one file, chosen by `--seed`

`tests/solidity_mutants.toml` names the files, what is deployed of each, the tests that should
notice, and the mutants that may live, each with its reason. The tests are compiled once, in a copy:
with dynamic linking they deploy what lies in forge's folder of artifacts, so a mutant costs the
compiler one contract, several of them a run, and its code is put there. The command fails when a
mutant lives that is not on the list, when one on the list no longer exists, or when fewer than 95 %
are killed.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_utils.crypto import keccak

from scripts.compile_contracts import IMPORT, SETTINGS, fetch_packages, resolve_solc
from scripts.solidity_mutation import Mutant, mutants_of
from zrsign.local.tools import resolve

ROOT: Final = Path(__file__).resolve().parent.parent
LIST: Final = ROOT / "tests" / "solidity_mutants.toml"
KILLED_AT_LEAST: Final = 0.95
"""The share of mutants that a file's tests must notice."""
BATCH: Final = 12
"""Mutants that the compiler takes at once: it is slow to start."""
EFFORTS: Final = ((4, 1, 8), (32, 4, 64))
"""Values for each property, and sequences of calls and their length for each invariant."""
SECONDS: Final = 900
"""Tests that last longer are stopped, and count as having noticed."""

KEPT_ANSWERS: Final = """#!/bin/sh -e
asked=$(mktemp)
case "$*" in *--version*) ;; *) cat >"$asked" ;; esac
kept=$0.$(echo "$*" | cat - "$asked" | sha256sum | cut -c1-64)
[ -e "$kept" ] || {solc} "$@" <"$asked" >"$kept"
cat "$kept"
rm "$asked"
"""
"""Forge asks the compiler the same before every run of tests: the first answer serves them all."""


@dataclass(frozen=True)
class Target:
    """A file, what is deployed of it (of the tests as `File.t.sol:Contract`), and its tests."""

    name: str
    file: str
    contracts: tuple[str, ...]
    tests: str
    survivors: Counter[tuple[str, str]]
    """How many mutants of a name and a line may live."""

    def unlisted(self, lived: Sequence[Mutant]) -> list[Mutant]:
        """Those that no row excuses: where more live than there are rows, all of them."""
        left = Counter(self.survivors)
        left.subtract(each.key for each in lived)
        return [each for each in lived if left[each.key] < 0]

    def gone(self, every: Sequence[Mutant]) -> list[tuple[str, str]]:
        """The names and lines of rows for which there is no mutant any more."""
        return sorted(self.survivors - Counter(each.key for each in every))

    def units(self) -> dict[str, str]:
        """The contract that each unit of source has to give."""
        pairs = (each.rpartition(":")[::2] for each in self.contracts)
        return {f"test/{of}" if of else f"src/{name}.sol": name for of, name in pairs}


def targets(names: Sequence[str]) -> list[Target]:
    """The files of the list; raises SystemExit with the names that there are."""
    known = tomllib.loads(LIST.read_text(encoding="utf-8"))
    if strange := set(names) - known.keys():
        raise SystemExit(f"There is no {', '.join(strange)}. Files: {', '.join(known)}")
    return [
        Target(
            name,
            known[name]["file"],
            tuple(known[name]["contracts"]),
            known[name]["tests"],
            Counter((each["mutant"], each["line"]) for each in known[name].get("survivors", [])),
        )
        for name in names or known
    ]


def sources_of(units: Sequence[str], prefix: str = "") -> dict[str, dict[str, str]]:
    """The units and what they import; a prefix of our own keeps worlds apart."""
    found: dict[str, dict[str, str]] = {}
    waiting = list(units)
    while waiting:
        unit = waiting.pop()
        foreign = unit.startswith("@")
        name = unit if foreign else prefix + unit
        if name in found:
            continue
        path = ROOT / "contracts" / ("node_modules" if foreign else "") / unit
        text = path.read_text(encoding="utf-8")
        found[name] = {"content": text}
        folder = posixpath.dirname(unit)
        waiting += [
            posixpath.normpath(posixpath.join(folder, each)) if each.startswith(".") else each
            for each in IMPORT.findall(text)
        ]
    return found


def compiled(sources: dict[str, Any], selection: dict[str, Any]) -> dict[str, Any]:
    """What solc gives, errors among it."""
    settings = {**SETTINGS, "outputSelection": selection}
    request = {"language": "Solidity", "sources": sources, "settings": settings}
    command = [str(resolve_solc()), "--standard-json"]
    done = subprocess.run(
        command, input=json.dumps(request), capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def mutants(target: Target) -> list[Mutant]:
    """Every mutant of the target's file."""
    sources = sources_of([target.file])
    tree = compiled(sources, {target.file: {"": ["ast"]}})["sources"][target.file]["ast"]
    return list(mutants_of(sources[target.file]["content"].encode(), tree))


def code_of(target: Target, batch: Sequence[Mutant]) -> list[dict[str, Any] | None]:
    """The creation code of each mutant by unit; None of one that is no program."""
    units = target.units()
    sources: dict[str, dict[str, str]] = {}
    selection: dict[str, dict[str, list[str]]] = {}
    for place, mutant in enumerate(batch):
        prefix = f"m{place}/"
        sources |= sources_of([*units], prefix)
        sources[prefix + target.file] = {"content": mutant.source.decode()}
        selection |= {prefix + unit: {name: ["evm.bytecode"]} for unit, name in units.items()}
    output = compiled(sources, selection)
    wrong = [each for each in output.get("errors", ()) if each["severity"] == "error"]
    if not wrong:
        worlds = (
            {
                unit: output["contracts"][f"m{place}/{unit}"][name]["evm"]["bytecode"]
                for unit, name in units.items()
            }
            for place in range(len(batch))
        )
        return list(worlds)
    # An error in one world leaves none of them any code.
    return [None] if len(batch) == 1 else [code_of(target, [each])[0] for each in batch]


class Workshop:
    """A copy of the contracts and their tests, compiled once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for part in ("src", "test"):
            shutil.copytree(ROOT / "contracts" / part, folder / "contracts" / part)
        (folder / "contracts" / "node_modules").symlink_to(ROOT / "contracts" / "node_modules")
        shutil.copy(ROOT / "foundry.toml", folder)
        compiler = folder / "solc"
        compiler.write_text(KEPT_ANSWERS.format(solc=shlex.quote(str(resolve_solc()))))
        compiler.chmod(0o755)
        self._env = os.environ | {
            "FOUNDRY_SOLC": str(compiler),
            "FOUNDRY_DYNAMIC_TEST_LINKING": "true",
        }

    def passes(self, tests: str, log: Path) -> bool:
        """Whether the test contracts whose names match pass: a glance at most values, then more."""
        return all(self._passes(tests, log, effort) for effort in EFFORTS)

    def _passes(self, tests: str, log: Path, effort: tuple[int, int, int]) -> bool:
        names = ("FUZZ_RUNS", "INVARIANT_RUNS", "INVARIANT_DEPTH")
        tries = {f"FOUNDRY_{name}": str(each) for name, each in zip(names, effort, strict=True)}
        command = [str(resolve("forge").path), "test", "--fail-fast", "--fuzz-seed", "1"]
        command += ["--match-contract", tests]
        with log.open("w", encoding="utf-8") as out:
            try:
                done = subprocess.run(
                    command,
                    cwd=self._folder,
                    env=self._env | tries,
                    stdout=out,
                    stderr=out,
                    timeout=SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return False
        return done.returncode == 0

    def artifact(self, unit: str, name: str) -> Path:
        """Where forge keeps what it compiled of a contract."""
        return self._folder / "contracts" / "out" / posixpath.basename(unit) / f"{name}.json"

    def put(self, target: Target, code: dict[str, Any]) -> dict[Path, str]:
        """Put a mutant's code in place of the artifacts; gives what was there, by file."""
        before = {}
        for unit, name in target.units().items():
            path = self.artifact(unit, name)
            before[path] = path.read_text(encoding="utf-8")
            content = json.loads(before[path])
            content["bytecode"] |= linkable(code[unit])
            path.write_text(json.dumps(content), encoding="utf-8")
        return before


def linkable(code: dict[str, Any]) -> dict[str, Any]:
    """A mutant's code with the names and marks of libraries that forge knows: without its world."""
    text, references = "0x" + code["object"], {}
    for file, libraries in code["linkReferences"].items():
        real = "contracts/" + file.partition("/")[2]
        references[real] = libraries
        for name in libraries:
            marks = (library_mark(f"{of}:{name}") for of in (file, real))
            text = text.replace(*marks)
    return {"object": text, "linkReferences": references}


def library_mark(name: str) -> str:
    """What stands in unlinked code for the address of a library: 17 bytes of a hash, in marks."""
    return f"__${keccak(text=name).hex()[:34]}$__"


def verdicts(
    shop: Workshop, target: Target, chosen: Sequence[Mutant]
) -> Iterator[tuple[Mutant, bool | None]]:
    """Each mutant with whether it was killed, or None when it is no program."""
    log = ROOT / "build" / "solidity_mutants.log"
    for at in range(0, len(chosen), BATCH):
        batch = chosen[at : at + BATCH]
        for mutant, code in zip(batch, code_of(target, batch), strict=True):
            if code is None:
                yield mutant, None
                continue
            before = shop.put(target, code)
            yield mutant, not shop.passes(target.tests, log)
            for path, text in before.items():
                path.write_text(text, encoding="utf-8")


def _sample(every: list[Mutant], count: int, seed: int) -> list[Mutant]:
    return random.Random(seed).sample(every, min(count, len(every)))  # noqa: S311


def judged(shop: Workshop, target: Target, sample: int, seed: int) -> bool:
    """Try a file's mutants and print what becomes of each; whether that is as the list says."""
    every = mutants(target)
    chosen = every if sample == 0 else _sample(every, sample, seed)
    killed, alive = 0, list[Mutant]()
    print(f"{target.name}: {len(chosen)} of {len(every)} mutants", flush=True)
    for mutant, dead in verdicts(shop, target, chosen):
        if dead is None:
            continue
        killed += dead
        if not dead:
            alive.append(mutant)
        word = "killed" if dead else "lives "
        print(f"  {word} line {mutant.line}  {mutant.name}  in  {mutant.text}", flush=True)
    total = killed + len(alive)
    share = killed / total if total else 1.0
    unlisted, gone = target.unlisted(alive), target.gone(every)
    figures = f"{killed} of {total} killed ({share:.1%}), {len(unlisted)} unlisted"
    print(f"{target.name}: {figures}", flush=True)
    for name, line in gone:
        print(f"  listed, and no mutant any more: {name}  in  {line}")
    return not unlisted and not gone and share >= KILLED_AT_LEAST


def main() -> int:
    """Run the mutants that the arguments name; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", help="names of the list; all without")
    parser.add_argument("--sample", type=int, default=0, help="so many of each file")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    given = parser.parse_args()
    fetch_packages()
    chosen = targets(given.files)
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(Path(folder))
        log = ROOT / "build" / "solidity_mutants.log"
        if not shop.passes("|".join(each.tests for each in chosen), log):
            raise SystemExit(f"The tests fail on the contracts as they are: {log}")
        results = [judged(shop, each, given.sample, given.seed) for each in chosen]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
