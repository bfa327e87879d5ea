"""`python -m zrsign.local.tools`: install the tools, survey them, or run one.

python -m zrsign.local.tools install        bring what is missing
python -m zrsign.local.tools install NAME   bring one tool, also one that is optional
python -m zrsign.local.tools survey         what is there, where, which version
python -m zrsign.local.tools path NAME      the path of one tool
python -m zrsign.local.tools run NAME ...   run it with the arguments that follow
"""

from __future__ import annotations

import os
import sys

from zrsign.local.tools.catalogue import TOOLS
from zrsign.local.tools.discovery import resolve, survey
from zrsign.local.tools.errors import ToolError
from zrsign.local.tools.installer import install


def main(arguments: list[str]) -> int:
    """Run one verb of the tools; returns the exit code."""
    match arguments:
        case ["install"]:
            install(lambda line: print(f"· {line}", flush=True))
        case ["install", name] if name in TOOLS:
            install(lambda line: print(f"· {line}", flush=True), [name])
        case ["survey"]:
            return _print_survey()
        case ["path", name] if name in TOOLS:
            print(resolve(name).path)
        case ["run", name, *rest] if name in TOOLS:
            path = resolve(name).path
            os.execv(path, [str(path), *rest])  # noqa: S606
        case _:
            print(f"{__doc__}\nTools: {', '.join(TOOLS)}", file=sys.stderr)
            return 2
    return 0


def _print_survey() -> int:
    reports = survey()
    for report in reports:
        if report.found:
            where = f"{report.found.version:<10} {report.found.origin:<12} {report.found.path}"
        else:
            where = f"{report.problem}\n{'':24}{report.fix}"
        print(f"{'✓' if report.found else '·' if report.ok else '✗'} {report.name:<22}{where}")
    return 0 if all(report.ok for report in reports) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ToolError as error:
        sys.exit(f"{error}")
