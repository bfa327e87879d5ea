"""The layout check beside the compiler's own words: change a contract, and see who notices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import solcx

from scripts.compile_contracts import resolve_solc
from zrsign.deployment import layout

SOURCE = """
pragma solidity ^0.8.34;
type Word is uint256;
library Far { struct Pair { uint128 left; uint128 right; } }
abstract contract Base { uint64 first; address second; }
abstract contract More { uint256 more; }
contract Subject is Base {
    struct Inner { uint256 a; }
    struct Alone { uint256 a; uint64 b; }
    struct Nested { Inner inner; uint256 after_; }
    struct Listed { uint256 a; }
    struct Fixed { uint256 a; }
    struct Deep { uint256 a; }
    struct Boxed { mapping(uint256 => Alone) boxes; uint256 count; }
    struct Plain { uint256 a; uint256 b; }
    uint256 constant NONE = 1;
    uint256 immutable ONE = 2;
    uint256 transient passing;
    mapping(uint256 => Alone) alone;
    mapping(uint256 => mapping(address => Nested)) nested;
    mapping(uint256 => Listed[]) listed;
    mapping(uint256 => Fixed[2]) fixed_;
    mapping(uint256 => mapping(bytes32 => Deep[3][])) deep;
    mapping(uint256 => Alone)[2] several;
    Boxed boxed;
    Plain plain;
    Far.Pair[4] pairs;
    Word word;
    uint32 last;
}
"""


@dataclass(frozen=True)
class Mutation:
    old: str
    new: str

    def __str__(self) -> str:
        return self.new.strip()


MUTATIONS = [
    *(
        Mutation(f"struct {name} {{", f"struct {name} {{ uint256 inserted;")
        for name in ("Inner", "Alone", "Nested", "Listed", "Fixed", "Deep", "Boxed", "Plain")
    ),
    Mutation("struct Inner { uint256 a;", "struct Inner { uint256 a; uint256 more;"),
    Mutation("uint256 a; uint64 b;", "uint256 a; uint64 b; uint256 more;"),
    Mutation("uint256 a; uint64 b;", "uint256 a; uint64 b; uint64 packed;"),
    Mutation("uint256 a; uint64 b;", "uint256 a; uint128 b;"),
    Mutation("uint256 a; uint64 b;", "uint256 a;"),
    Mutation("Inner inner; uint256 after_;", "Inner inner; uint256 after_; uint256 more;"),
    Mutation("Inner inner; uint256 after_;", "uint256 after_; Inner inner;"),
    Mutation("struct Listed { uint256 a;", "struct Listed { uint256 a; uint256 more;"),
    Mutation("struct Fixed { uint256 a;", "struct Fixed { uint256 a; uint256 more;"),
    Mutation("struct Deep { uint256 a;", "struct Deep { uint256 a; uint256 more;"),
    Mutation("uint256 count; }", "uint256 count; uint256 more; }"),
    Mutation(
        "struct Plain { uint256 a; uint256 b;", "struct Plain { uint256 a; uint256 b; bool c;"
    ),
    Mutation("uint128 right;", "uint128 right; uint256 more;"),
    Mutation("uint128 left; uint128 right;", "uint64 left; uint128 right;"),
    Mutation("Fixed[2]", "Fixed[3]"),
    Mutation("Deep[3][]", "Deep[4][]"),
    Mutation("Far.Pair[4]", "Far.Pair[5]"),
    Mutation("mapping(bytes32 => Deep", "mapping(uint8 => Deep"),
    Mutation("type Word is uint256", "type Word is uint64"),
    Mutation("uint64 first; address", "uint64 first; uint64 more; address"),
    Mutation("uint64 first; address second", "address second; uint64 first"),
    Mutation("uint64 first;", "uint64 immutable first = 1;"),
    Mutation("uint256 constant NONE = 1", "uint256 NONE = 1"),
    Mutation("uint256 immutable ONE = 2", "uint256 ONE = 2"),
    Mutation("uint256 transient passing", "uint256 passing"),
    Mutation("Subject is Base", "Subject is More, Base"),
    Mutation("Subject is Base", "Subject is Base, More"),
    Mutation("uint32 last;", "uint64 last;"),
    Mutation("uint32 last;", "uint32 last; uint256 more;"),
    Mutation("uint32 last;", ""),
]


def mutant(mutation: Mutation) -> str:
    assert SOURCE.count(mutation.old) == 1, mutation
    return SOURCE.replace(mutation.old, mutation.new)


@cache
def compiled() -> dict[str, tuple[Any, Any]]:
    """Syntax tree and storage layout of SOURCE and of every mutant, by one run of the compiler."""
    texts = dict.fromkeys((SOURCE, *map(mutant, MUTATIONS)))
    files = {f"{place}.sol": text for place, text in enumerate(texts)}
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in files.items()},
            "settings": {"outputSelection": {"*": {"": ["ast"], "*": ["storageLayout"]}}},
        },
        solc_binary=resolve_solc(),
    )
    return {
        text: (output["sources"][name], output["contracts"][name]["Subject"]["storageLayout"])
        for name, text in files.items()
    }


def places(types: Any, kind: str, path: str, slot: int, offset: int) -> Iterator[tuple[Any, ...]]:
    """Every place that a type reaches, and what lies there, as the compiler says."""
    described = types[kind]
    encoding, size = described["encoding"], int(described["numberOfBytes"])
    if "members" in described:
        for member in described["members"]:
            inside = f"{path}.{member['label']}"
            where = slot + int(member["slot"])
            yield from places(types, member["type"], inside, where, int(member["offset"]))
    elif encoding == "mapping":
        yield (path, slot, offset, "mapping", types[described["key"]]["label"])
        yield from places(types, described["value"], f"{path}{{}}", 0, 0)
    elif "base" in described:
        # One more element begins where one element ends.
        element = int(types[described["base"]]["numberOfBytes"])
        yield (path, slot, offset, encoding, element, described["label"].rpartition("[")[2])
        yield from places(types, described["base"], f"{path}[]", 0, 0)
    else:
        yield (path, slot, offset, size)


def reached(source: str) -> set[tuple[Any, ...]]:
    _, found = compiled()[source]
    return {
        place
        for each in found["storage"]
        for place in places(
            found["types"], each["type"], each["label"], int(each["slot"]), int(each["offset"])
        )
    }


def conflicts(mutation: Mutation) -> list[str]:
    trees = (compiled()[each][0] for each in (SOURCE, mutant(mutation)))
    old, new = (layout.of({"a.sol": tree}, "Subject") for tree in trees)
    return layout.conflicts(old, new)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_layout__should_refuse_what_moves_anything_and_nothing_else(mutation: Mutation) -> None:
    moved = reached(SOURCE) - reached(mutant(mutation))
    assert bool(conflicts(mutation)) is bool(moved), moved


def test_mutations__should_be_of_both_kinds() -> None:
    found = [bool(conflicts(each)) for each in MUTATIONS]
    assert 4 <= found.count(False) <= 12 < found.count(True)
