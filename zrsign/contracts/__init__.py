"""The compiled contracts: ABI and bytecode, ready to deploy once their libraries are linked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

from eth_typing import ABI
from eth_utils.address import is_address

from zrsign.errors import ZrSignError

__all__ = ["Artifact", "ArtifactError", "artifact"]

_ADDRESS_BYTES = 20


class ArtifactError(ZrSignError):
    """A contract is not packaged, or its bytecode cannot be linked as asked."""


@dataclass(frozen=True)
class Artifact:
    """One compiled contract.

    `bytecode` is the creation code as hexadecimal with 0x; places of linked libraries hold
    placeholders until `link` fills them. `libraries` maps a library's name to its byte offsets.
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


@cache
def artifact(name: str) -> Artifact:
    """The packaged contract `name`; raises `ArtifactError` when there is none."""
    folder = files(__package__) / "artifacts"
    source = folder / f"{name}.json"
    if not source.is_file():
        packaged = sorted(entry.name.removesuffix(".json") for entry in folder.iterdir())
        raise ArtifactError(f"No contract {name!r} is packaged. There are: {', '.join(packaged)}.")
    content: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return Artifact(
        name=content["contractName"],
        abi=cast("ABI", content["abi"]),
        bytecode=content["bytecode"],
        libraries={
            library: tuple(place["start"] for place in places)
            for unit in content["linkReferences"].values()
            for library, places in unit.items()
        },
        layout=content.get("layout"),
    )
