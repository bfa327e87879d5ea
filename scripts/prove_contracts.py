"""Symbolic proofs of the contracts: Halmos on every `check_` of contracts/proofs.

    python scripts/prove_contracts.py

A check has symbols for its arguments; it passes when no values break an assertion on any path.
Fails for a check that does not pass, and for one that Halmos did not run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from zrsign.local.tools import ToolError, resolve

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "contracts" / "proofs"
HALMOS = ROOT / ".venv-halmos" / "bin" / "halmos"
PATHS_AT_MOST = 70
"""Turns of a loop that are followed; an address has 42 characters."""
SOLVER_MS = 60_000


def checks() -> set[str]:
    """The names of the checks, from their sources."""
    sources = (path.read_text(encoding="utf-8") for path in sorted(PROOFS.glob("*.sol")))
    return {name for text in sources for name in re.findall(r"function (check_\w+)", text)}


def main() -> int:
    """Run Halmos; exit code 1 for a check that is not proved."""
    try:
        forge, solc = resolve("forge").path, resolve("solc").path
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    env = os.environ | {
        "PATH": os.pathsep.join([str(forge.parent), os.environ["PATH"]]),
        "FOUNDRY_SOLC": str(solc),
        "FOUNDRY_PROFILE": "prove",
    }
    command = [str(HALMOS), "--root", str(ROOT), "--forge-build-out", "build/proofs/out"]
    command += ["--function", "check_", "--loop", str(PATHS_AT_MOST)]
    command += ["--solver-timeout-assertion", str(SOLVER_MS), "--no-status"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    print(done.stdout, end="")
    proved = set(re.findall(r"\[PASS\]\S* (check_\w+)", done.stdout))
    for name in sorted(checks() - proved):
        print(f"{name} is not proved.", file=sys.stderr)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
    print(f"halmos: {len(proved)} of {len(checks())} proved")
    return 0 if done.returncode == 0 and proved == checks() else 1


if __name__ == "__main__":
    sys.exit(main())
