"""Storage layout: may an implementation follow another behind the same proxy?

A layout names what each ERC-7201 namespace holds, field by field, what the state variables outside
of namespaces are, and what the structs and value types in both consist of. Fields keep their place
as long as those before them keep theirs, so a later layout may append to a namespace, to the state
variables, or to a struct that is nowhere but the value of a mapping itself: an array, also one in a
mapping, puts its elements side by side. What a value type packs into its word is not in the layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Fields: TypeAlias = "list[list[str]]"
"""[name, type] a field, in order."""
Layout: TypeAlias = "dict[str, dict[str, Any]]"
"""`namespaces` and `structs`: name to fields; `values`: name to the elementary type below it.

State variables are the namespace `VARIABLES`, where there are any.
"""

VARIABLES = "state variables"

_LOCATION = re.compile(r"@custom:storage-location (erc7201:\S+)")
_NAMES = re.compile(r"[A-Za-z_][\w.]*")


def of(sources: Mapping[str, Any], contract: str) -> Layout:
    """The layout of `contract` from the compiler's syntax trees (`sources` of its output)."""
    nodes = [node for source in sources.values() for node in _walk(source["ast"])]
    by_id = {node["id"]: node for node in nodes if "id" in node}
    (definition,) = (
        node
        for node in nodes
        if node["nodeType"] == "ContractDefinition" and node["name"] == contract
    )
    bases = [by_id[base] for base in definition["linearizedBaseContracts"]]
    structs = {
        node["canonicalName"]: _fields(node)
        for node in nodes
        if node["nodeType"] == "StructDefinition"
    }
    values = {
        node["name"]: node["underlyingType"]["typeDescriptions"]["typeString"]
        for node in nodes
        if node["nodeType"] == "UserDefinedValueTypeDefinition"
    }
    namespaces = {
        location[1]: _fields(node)
        for base in bases
        for node in base["nodes"]
        if node["nodeType"] == "StructDefinition"
        and (location := _LOCATION.search((node.get("documentation") or {}).get("text", "")))
    }
    if variables := [field for base in reversed(bases) for field in _variables(base)]:
        namespaces[VARIABLES] = variables
    used = _reached(namespaces, structs, values)
    return {
        "namespaces": dict(sorted(namespaces.items())),
        "structs": {name: structs[name] for name in sorted(used & structs.keys())},
        "values": {name: values[name] for name in sorted(used & values.keys())},
    }


def conflicts(old: Layout, new: Layout) -> list[str]:
    """What in `new` would read or write what `old` put elsewhere; empty when it may follow."""
    found = []
    for name, fields in old["namespaces"].items():
        if name not in new["namespaces"]:
            found.append(f"{name} is gone")
        else:
            found += _moved(name, fields, new["namespaces"][name], may_append=True)
    inline = _inline(old)
    for name, fields in old["structs"].items():
        if name in new["structs"]:
            may_append = name not in inline
            found += _moved(name, fields, new["structs"][name], may_append=may_append)
    for name, below in old["values"].items():
        if new["values"].get(name, below) != below:
            found.append(f"{name} is a {new['values'][name]}, and was a {below}")
    return found


def _moved(name: str, old: Fields, new: Fields, *, may_append: bool) -> Iterator[str]:
    for place, (field, kind) in enumerate(old):
        if place >= len(new):
            yield f"{name} lost {field}"
        elif new[place] != [field, kind]:
            yield f"{name}: {' '.join(reversed(new[place]))} in place of {kind} {field}"
    if not may_append and len(new) > len(old):
        yield f"{name} grew by {new[len(old)][0]}, and other fields follow it"


def _inline(layout: Layout) -> set[str]:
    """Structs with something behind them: fields, and elements of arrays."""
    every = [*layout["namespaces"].values(), *layout["structs"].values()]
    kinds = [kind for fields in every for _, kind in fields]
    places = [_value(kind) for kind in kinds]
    # The value of a mapping begins at a place of its own.
    side_by_side = [
        value
        for kind, value in zip(kinds, places, strict=True)
        if value == kind or value.endswith("]")
    ]
    return {
        name for kind in side_by_side for name in _NAMES.findall(kind) if name in layout["structs"]
    }


def _value(kind: str) -> str:
    """What a mapping, an array of mappings, or one in them leads to; any other type is itself."""
    while kind.startswith("mapping("):
        # A key has no arrow in it, so the first one is this mapping's.
        of_array = kind.endswith("]")
        kind = kind[: kind.rindex("[")] if of_array else kind[kind.index(" => ") + 4 : -1]
    return kind


def _variables(contract: Mapping[str, Any]) -> Fields:
    return [
        [node["name"], node["typeDescriptions"]["typeString"]]
        for node in contract["nodes"]
        if node["nodeType"] == "VariableDeclaration"
        and node["mutability"] == "mutable"
        and node["storageLocation"] != "transient"
    ]


def _reached(
    namespaces: Mapping[str, Fields], structs: Mapping[str, Fields], values: Mapping[str, str]
) -> set[str]:
    reached: set[str] = set()
    waiting = [kind for fields in namespaces.values() for _, kind in fields]
    while waiting:
        for name in _NAMES.findall(waiting.pop()):
            if name not in reached and (name in structs or name in values):
                reached.add(name)
                waiting += [kind for _, kind in structs.get(name, [])]
    return reached


def _fields(struct: Mapping[str, Any]) -> Fields:
    return [
        [member["name"], member["typeDescriptions"]["typeString"]] for member in struct["members"]
    ]


def _walk(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        if "nodeType" in node:
            yield node
        for child in node.values():
            yield from _walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from _walk(child)
