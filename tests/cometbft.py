"""CometBFT's own program, built once where it is not there, and nodes of it in a folder."""

from __future__ import annotations

from zrsign.local.tools import ResolvedTool, install, resolve


def cometbft() -> ResolvedTool:
    """The program that the tools' resolver finds; the first call on a machine builds it."""
    install(print, ["cometbft"])
    return resolve("cometbft")
