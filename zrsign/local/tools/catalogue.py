"""The programs themselves: names, environment variables, accepted versions, and how each is got."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

Version = tuple[int, ...]

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


class Recipe(StrEnum):
    """A unit of installation; one recipe may bring several programs."""

    NODE = "node"
    NPM = "npm"
    BITCOIN = "bitcoin"
    COMETBFT = "cometbft"
    NONE = "none"


@dataclass(frozen=True)
class Tool:
    """A program that zrSign starts.

    `command` is its name on PATH (none: only our own build of it will do) and `program` its name
    below `.tools/bin`. A version from PATH is taken when it is at least `minimum` and, if
    `exact` is set, equal to it. `alternative` names a tool that makes this one unnecessary.
    """

    name: str
    purpose: str
    recipe: Recipe
    variable: str
    command: str | None = None
    minimum: Version = (0,)
    exact: Version | None = None
    optional: bool = False
    alternative: str | None = None

    @property
    def program(self) -> str:
        """File name below `.tools/bin`."""
        return self.command or self.name

    @property
    def version_arguments(self) -> tuple[str, ...]:
        """What makes the program print its version."""
        words = {Recipe.BITCOIN: "-version", Recipe.COMETBFT: "version"}
        return (words.get(self.recipe, "--version"),)

    def accepts(self, version: Version) -> bool:
        """Whether a program of this version can be used as it is."""
        return version >= self.minimum and self.exact in (None, version)

    @property
    def wanted(self) -> str:
        """The accepted versions in words."""
        if self.exact is not None:
            return show(self.exact)
        return "any version" if self.minimum == (0,) else f"{show(self.minimum)} or newer"


def parse_version(text: str) -> Version | None:
    """The first `1.2` or `1.2.3` in a program's answer, or None."""
    found = _VERSION.search(text)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def show(version: Version) -> str:
    """`(1, 7, 1)` as `1.7.1`."""
    return ".".join(str(part) for part in version)


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("node", "runs solc and Surfpool", Recipe.NODE, "NODE", "node", minimum=(18, 3)),
        Tool("npm", "installs the tools that npm carries", Recipe.NODE, "NPM", "npm", minimum=(8,)),
        Tool("anvil", "EVM networks", Recipe.NPM, "ANVIL", "anvil", minimum=(1, 7, 1)),
        Tool("forge", "contract tests and format", Recipe.NPM, "FORGE", "forge", exact=(1, 7, 1)),
        Tool("solc", "compiles the contracts", Recipe.NPM, "SOLC", "solc", exact=(0, 8, 37)),
        Tool(
            "surfnet",
            "Solana network (Surfpool)",
            Recipe.NPM,
            "SURFNET",
            alternative="solana-test-validator",
        ),
        Tool("bitcoind", "Bitcoin network", Recipe.BITCOIN, "BITCOIND", "bitcoind", minimum=(26,)),
        Tool("bitcoin-cli", "talks to bitcoind", Recipe.BITCOIN, "BITCOIN_CLI", "bitcoin-cli"),
        Tool(
            "cometbft",
            "validators of a ledger of several",
            Recipe.COMETBFT,
            "COMETBFT",
            "cometbft",
            exact=(0, 38, 19),  # what 0.38.21 prints of itself
            optional=True,
        ),
        Tool(
            "solana-test-validator",
            "Solana network, preferred to Surfpool when present",
            Recipe.NONE,
            "SOLANA_TEST_VALIDATOR",
            "solana-test-validator",
            optional=True,
        ),
    )
}
