"""Compile proto/ into zrchain_lite/wire; with --check only say whether it is fresh.

Imports of the generated modules are rewritten, so that `cosmos/tx/v1beta1/tx.proto` becomes
`zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2` and no top-level package is claimed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
from pathlib import Path

import grpc_tools  # type: ignore[import-untyped]
from google.api import http_pb2
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
WIRE = ROOT / "zrchain_lite" / "wire"
PACKAGE = "zrchain_lite.wire"
LIBRARIES = (Path(grpc_tools.__file__).with_name("_proto"), Path(http_pb2.__file__).parents[2])
"""The folders of google/protobuf/*.proto and of google/api/*.proto."""
INIT = '"""Generated from proto/ by scripts/compile_proto.py. Do not edit."""\n'


def main() -> int:
    """Write the wire classes, or compare them with `--check`; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when a file is stale")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        compile_into(fresh)
        if check:
            return report(differences(fresh, WIRE))
        shutil.rmtree(WIRE, ignore_errors=True)
        shutil.copytree(fresh, WIRE)
    return 0


def compile_into(target: Path, proto: Path = PROTO) -> None:
    """Run protoc on every file of `proto` and rewrite the imports of what it makes."""
    sources = sorted(str(path.relative_to(proto)) for path in proto.rglob("*.proto"))
    includes = [f"-I{folder}" for folder in (proto, PROTO, *LIBRARIES)]
    outputs = [f"--python_out={target}", f"--pyi_out={target}"]
    if protoc.main(["protoc", *includes, *outputs, *sources]) != 0:
        raise SystemExit("protoc refused a file of proto/; its message is above.")
    packages = "|".join(sorted(path.name for path in PROTO.iterdir() if path.is_dir()))
    imports = re.compile(rf"^from ({packages})((?:\.\w+)*) import", re.MULTILINE)
    for path in [*target.rglob("*.py"), *target.rglob("*.pyi")]:
        path.write_text(imports.sub(rf"from {PACKAGE}.\1\2 import", path.read_text()))
    (target / "__init__.py").write_text(INIT)


def differences(fresh: Path, committed: Path) -> list[str]:
    """Relative paths whose contents differ or that only one side has."""

    def contents(folder: Path) -> dict[str, bytes]:
        generated = [*folder.rglob("*.py"), *folder.rglob("*.pyi")]
        return {str(path.relative_to(folder)): path.read_bytes() for path in generated}

    new, old = contents(fresh), contents(committed)
    return sorted(path for path in new.keys() | old.keys() if new.get(path) != old.get(path))


def report(stale: list[str]) -> int:
    """Print which files are stale; returns the exit code."""
    if not stale:
        return 0
    listed = ", ".join(stale[:5]) + (" …" if len(stale) > 5 else "")
    print(f"zrchain_lite/wire is stale ({listed}): run `make proto` and commit.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
