"""Compiled contracts, ready to deploy once their libraries are linked, and the packaged sources.

A contract is named, or is a file that a compiler wrote: what takes the one takes the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from eth_typing import ABI
from eth_utils.address import is_address

from zrsign.errors import ZrSignError

__all__ = ["Artifact", "ArtifactError", "artifact", "names", "sources"]

_ADDRESS_BYTES = 20
_FOLDER = files(__package__) / "artifacts"
_CHECKOUT = Path(__file__).resolve().parents[2] / "contracts" / "src"


class ArtifactError(ZrSignError):
    """A contract is not packaged, a file holds none, or bytecode cannot be linked as asked."""

    exit_code = 2


@dataclass(frozen=True)
class Artifact:
    """One compiled contract.

    `bytecode` is the creation code as hexadecimal with 0x; places of linked libraries hold
    placeholders until `link` fills them; empty when only the ABI is known. `libraries` maps a
    library's name to its byte offsets.
    `layout` is the storage layout (`zrsign.deployment.layout`) of what stands behind proxies.
    """

    name: str
    abi: ABI
    bytecode: str
    libraries: Mapping[str, tuple[int, ...]]
    layout: Mapping[str, Any] | None = None

    def link(self, libraries: Mapping[str, str] | None = None) -> bytes:
        """Creation code with the addresses of `libraries` (name to 0x address) put in.

        Raises `ArtifactError` when a needed library is missing, or one is given that is not used.
        """
        if not self.bytecode.removeprefix("0x"):
            raise ArtifactError(f"Of {self.name} there is an ABI and no bytecode to deploy.")
        given = dict(libraries or {})
        if given.keys() != self.libraries.keys():
            raise ArtifactError(
                f"{self.name} links {sorted(self.libraries) or 'no library'}; "
                f"got addresses for {sorted(given) or 'none'}."
            )
        code = self.bytecode.removeprefix("0x")
        for library, offsets in self.libraries.items():
            address = given[library]
            if not is_address(address):
                raise ArtifactError(f"{address!r} is not an address for library {library}.")
            digits = address.lower().removeprefix("0x")
            for offset in offsets:
                code = code[: 2 * offset] + digits + code[2 * (offset + _ADDRESS_BYTES) :]
        return bytes.fromhex(code)


def names() -> list[str]:
    """Return the names of the packaged contracts."""
    return sorted(entry.name.removesuffix(".json") for entry in _FOLDER.iterdir())


def sources() -> Path:
    """Return the folder of the packaged Solidity sources, which is that of the npm package."""
    packaged = Path(str(files(__package__) / "solidity"))
    return packaged if packaged.is_dir() else _CHECKOUT


def artifact(contract: str | Path) -> Artifact:
    """Return a packaged contract by its name, or the contract in a JSON file.

    The file is one of Foundry's, Hardhat's or Truffle's, or an ABI alone. Raises `ArtifactError`.
    """
    if isinstance(contract, Path) or contract.endswith(".json"):
        return _read(Path(contract))
    return _packaged(contract)


@cache
def _packaged(name: str) -> Artifact:
    source = _FOLDER / f"{name}.json"
    if name not in names():
        raise ArtifactError(
            f"No contract {name!r} is packaged. There are: {', '.join(names())}.",
            "Of your own contract name the compiler's file: out/Mine.sol/Mine.json",
        )
    return _parsed(name, json.loads(source.read_text(encoding="utf-8")))


def _read(file: Path) -> Artifact:
    try:
        return _parsed(file.stem, json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ArtifactError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ArtifactError(
            f"{file} holds no contract.",
            "Name a file of Foundry, Hardhat or Truffle, or an ABI: a JSON array.",
        ) from None


def _parsed(name: str, content: Any) -> Artifact:
    if isinstance(content, list):
        content = {"abi": content}
    code = content.get("bytecode", "")
    if isinstance(code, dict):
        content, code = {**content, **code}, code["object"]
    abi = content["abi"]
    if not all(isinstance(entry["type"], str) for entry in abi):
        raise ValueError("an ABI's entry has no type")
    return Artifact(
        name=content.get("contractName", name),
        abi=cast("ABI", abi),
        bytecode=code,
        libraries={
            library: tuple(place["start"] for place in places)
            for unit in content.get("linkReferences", {}).values()
            for library, places in unit.items()
        },
        layout=content.get("layout"),
    )
