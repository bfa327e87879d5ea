"""Pack the contracts for npm and for soldeer: sources, and the ABI of each packaged contract.

    python scripts/npm_package.py FOLDER     writes FOLDER/zrsign-contracts-VERSION.tgz and .zip

`contracts/src/package.json` says what the package is called and needs. No registry is asked.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from zrsign.local.tools import ToolError, resolve

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "contracts" / "src"
ARTIFACTS = ROOT / "zrsign" / "contracts" / "artifacts"


class PackError(Exception):
    """npm does not pack it; the message is npm's."""


def stage(folder: Path) -> None:
    """Lay out in `folder`, which must not be there yet, what the package holds."""
    shutil.copytree(SOURCES, folder)
    shutil.copy(ROOT / "LICENSE", folder)
    (folder / "abi").mkdir()
    for artifact in ARTIFACTS.glob("*.json"):
        abi = json.loads(artifact.read_text(encoding="utf-8"))["abi"]
        text = json.dumps(abi, indent=1) + "\n"
        (folder / "abi" / artifact.name).write_text(text, encoding="utf-8")


def pack(folder: Path) -> Path:
    """Write both archives into `folder`; returns npm's. Raises `PackError` and `ToolError`."""
    npm = resolve("npm").path
    path = os.pathsep.join([str(npm.parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory() as scratch:
        staged = Path(scratch) / "contracts"
        stage(staged)
        done = subprocess.run(
            [npm, "pack", "--json", "--ignore-scripts", "--pack-destination", folder.resolve()],
            cwd=staged,
            env=os.environ | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PackError(f"npm pack failed:\n{done.stderr}")
        packed = folder / str(json.loads(done.stdout)[0]["filename"])
        shutil.make_archive(str(packed.with_suffix("")), "zip", staged)
    return packed


def main() -> int:
    """Pack, and print the path; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        print(pack(folder))
    except (PackError, ToolError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
