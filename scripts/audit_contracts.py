"""Static analysis of the contracts: Slither and solhint, with every finding answered.

    python scripts/audit_contracts.py

An answer is a row `| check | where | why |` of docs/contracts-security.md. Fails for a finding
without an answer, for an answer without a finding, and for any warning of solhint, whose rules are
in contracts/.solhint.json.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from zrsign.local.tools import ToolError, resolve

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "contracts-security.md"
SLITHER = ROOT / ".venv-slither" / "bin" / "slither"
ROW = re.compile(r"^\| `([\w-]+)` \| `([\w.]+)` \|", re.MULTILINE)
# Matters of style, which forge fmt, solhint and the interface decide.
STYLE = (
    "assembly",
    "low-level-calls",
    "naming-convention",
    "solc-version",
    "too-many-digits",
    "unindexed-event-address",
)


def place(element: dict[str, Any]) -> str:
    """`Contract.function` or `Contract.function.variable` of what a finding is about."""
    parent = element.get("type_specific_fields", {}).get("parent")
    named = parent is not None and parent["type"] in {"contract", "function"}
    return f"{place(parent)}.{element['name']}" if named else str(element["name"])


def slither(env: dict[str, str]) -> set[tuple[str, str]]:
    """Findings as (check, where) in our sources."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "findings.json"
        command = [str(SLITHER), ".", "--filter-paths", "node_modules|contracts/test"]
        command += ["--exclude", ",".join(STYLE), "--json", str(output)]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        if not output.exists():
            raise SystemExit(f"Slither did not run:\n{done.stdout}{done.stderr}")
        found = json.loads(output.read_text(encoding="utf-8"))["results"].get("detectors", [])
    return {(finding["check"], place(finding["elements"][0])) for finding in found}


def solhint(env: dict[str, str]) -> str:
    """What solhint complains of; empty when nothing."""
    done = subprocess.run(
        ["node_modules/.bin/solhint", "--max-warnings", "0", "src/**/*.sol"],
        cwd=ROOT / "contracts",
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main() -> int:
    """Run Slither and solhint; exit code 1 for a finding that is not answered."""
    try:
        tools = (resolve("forge").path, resolve("solc").path, resolve("npm").path)
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    path = os.pathsep.join([*(str(tool.parent) for tool in tools), os.environ["PATH"]])
    env = os.environ | {"PATH": path, "FOUNDRY_SOLC": str(tools[1])}
    answered = set(ROW.findall(PAGE.read_text(encoding="utf-8")))
    found = slither(env)
    complaints = solhint(env)
    for check, where in sorted(found - answered):
        print(f"{where}: {check} has no answer in {PAGE.relative_to(ROOT)}.", file=sys.stderr)
    for check, where in sorted(answered - found):
        print(f"{where}: {check} is answered but no longer found.", file=sys.stderr)
    if complaints:
        print(complaints, file=sys.stderr)
    print(f"slither: {len(found)} findings, {len(found & answered)} answered")
    return 1 if found != answered or complaints else 0


if __name__ == "__main__":
    sys.exit(main())
