"""Run code as if the wheel were installed with one extra, and nothing else.

    python -P with_extra.py EXTRA CODE [ARGUMENT …]     EXTRA may be empty: the core

What an installer would not bring cannot be imported, though this environment has it. The
metadata of the distributions says what it would bring; without CODE it is printed, with bytes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def brought(requirement: Requirement, seen: set[tuple[str, str]]) -> Iterator[str]:
    """The distributions that installing it brings, itself among them, by their normal names."""
    name, extras = canonicalize_name(requirement.name), requirement.extras or {""}
    for extra in extras:
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        yield name
        for line in metadata.requires(name) or ():
            further = Requirement(line)
            if further.marker is None or further.marker.evaluate({"extra": extra}):
                yield from brought(further, seen)


def size(name: str) -> int:
    """Bytes of a distribution's files, without what Python compiles of them."""
    files = metadata.files(name) or []
    paths = [Path(file.locate()) for file in files if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file())


class Absent:
    """Finds nothing of the packages that would not be there."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main() -> None:
    extra, *code = sys.argv[1:]
    wanted = f"zrsign[{extra}]" if extra else "zrsign"
    there = set(brought(Requirement(wanted), set()))
    if not code:
        print(json.dumps({name: size(name) for name in sorted(there)}))
        return
    owners = metadata.packages_distributions()
    absent = {
        package
        for package, names in owners.items()
        if there.isdisjoint(map(canonicalize_name, names))
    }
    sys.meta_path.insert(0, Absent(absent))
    sys.argv = ["zrsign", *code[1:]]
    exec(code[0], {"__name__": "__main__"})


if __name__ == "__main__":
    main()
