"""Write the matrix of docs/faults.md from the faults that tests/e2e/test_fault_matrix.py runs.

python scripts/fault_matrix.py            write the matrix into the page
python scripts/fault_matrix.py --check    exit 1 when the page is stale
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zrsign.local.chaos.faults import FAULTS, Fault

PAGE = Path(__file__).resolve().parents[1] / "docs" / "faults.md"
BEGIN, END = "<!-- matrix: `make docs` -->\n", "<!-- end of the matrix -->\n"
STAGES = ("asked", "composing", "signing", "sending", "landed")
"""Where a request is when the fault begins."""


def matrix() -> str:
    """The table, one row for each fault and part."""
    head = f"| fault | part | {' | '.join(STAGES)} |\n|---|---|{'---|' * len(STAGES)}\n"
    return head + "".join(_row(fault, part) for fault in FAULTS for part in fault.parts)


def _row(fault: Fault, part: str) -> str:
    outcome = "after" if part in fault.waits else "during"
    return f"| {fault.name} | {part} | {' | '.join(outcome for _ in STAGES)} |\n"


def page() -> str:
    """The whole page, with the matrix as it is now."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    return before + BEGIN + "\n" + matrix() + "\n" + END + rest.partition(END)[2]


def main() -> int:
    """Write the page, or compare it with `--check`; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write the matrix of docs/faults.md.")
    parser.add_argument("--check", action="store_true", help="exit 1 when the page is stale")
    if not parser.parse_args().check:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        print("docs/faults.md is stale: run `make docs` and commit.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
