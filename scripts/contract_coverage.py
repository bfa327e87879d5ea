"""Line and branch coverage of the contracts by their forge tests; fails below 98 %.

    python scripts/contract_coverage.py [--min PERCENT]

forge compiles without the optimiser for this, so gas figures of such a run mean nothing.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from zrsign.local.tools import ToolError, resolve

ROOT = Path(__file__).resolve().parent.parent
SOURCES = "contracts/src/"
# LCOV's totals: lines found and hit, branches found and hit.
COUNTERS = ("LF", "LH", "BRF", "BRH")


def read(report: str) -> dict[str, dict[str, int]]:
    """The counters of our sources, by file, from an LCOV report."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    source = ""
    for line in report.splitlines():
        key, _, value = line.partition(":")
        if key == "SF":
            source = value
        elif key in COUNTERS and source.startswith(SOURCES):
            counts[source.removeprefix(SOURCES)][key] = int(value)
    return dict(counts)


def shares(each: dict[str, int]) -> tuple[float, float]:
    """Percentages of lines and of branches that a test reached."""

    def percent(hit: int, found: int) -> float:
        return 100 * hit / found if found else 100.0

    return percent(each["LH"], each["LF"]), percent(each["BRH"], each["BRF"])


def measure() -> dict[str, dict[str, int]]:
    """Run the contracts' tests; hits and totals by contract and kind of coverage."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "lcov.info"
        command = [str(resolve("forge").path), "coverage", "--report", "lcov"]
        done = subprocess.run(
            [*command, "--report-file", str(report)],
            cwd=ROOT,
            env=os.environ | {"FOUNDRY_SOLC": str(resolve("solc").path)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
        return read(report.read_text(encoding="utf-8"))


def main() -> int:
    """Print the table; exit code 1 when a percentage is below `--min`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--min", type=float, default=98.0, help="least percentage of each")
    least = parser.parse_args().min
    try:
        counts = measure()
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    total = {counter: sum(each[counter] for each in counts.values()) for counter in COUNTERS}
    for name, each in [*sorted(counts.items()), ("total", total)]:
        lines, branches = shares(each)
        print(f"{name:42} lines {lines:6.2f} %   branches {branches:6.2f} %")
    return 0 if min(shares(total)) >= least else 1


if __name__ == "__main__":
    sys.exit(main())
