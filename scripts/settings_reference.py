"""Write docs/settings.md from the settings classes of the daemons.

python scripts/settings_reference.py            write the page
python scripts/settings_reference.py --check    exit 1 when the page is stale
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from zrsign.daemons import DAEMONS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
HEAD = """# Settings

<!-- Written by scripts/settings_reference.py: change the settings classes, then `make docs`. -->

Each daemon reads one file, `zrsign run DAEMON --config FILE`, TOML or JSON. An environment variable
stands above the file. The variable of a key in a table has two underscores before the key; a list
of tables, or a table of tables, is one variable that holds JSON. Unknown keys are refused.
"""
UNITS = {"_s": "seconds", "_percent": "percent", "_gwei": "gwei", "_sats": "sats"}
"""The unit that the end of a setting's name says."""
BOUNDS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))


def page() -> str:
    """The whole page."""
    return "\n".join(
        [HEAD, *(line for name, model in DAEMONS.items() for line in section(name, model))]
    )


def section(name: str, model: type[BaseModel]) -> Iterator[str]:
    """One daemon: its own settings, then those of each table."""
    yield f"## {name}\n"
    yield f"{_sentence(model)}\n"
    prefix = str(model.model_config.get("env_prefix", ""))
    yield from _table(model, prefix)
    yield from _parts(model, prefix, "")


def undescribed() -> list[str]:
    """Every setting that has no description, as class and field."""
    return sorted(
        f"{model.__name__}.{field}"
        for model in _models()
        for field, info in model.model_fields.items()
        if not info.description
    )


def _models() -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set(DAEMONS.values())
    waiting = list(found)
    while waiting:
        for info in waiting.pop().model_fields.values():
            part, _ = _part_of(info.annotation)
            if part is not None and part not in found:
                found.add(part)
                waiting.append(part)
    return found


def _parts(model: type[BaseModel], prefix: str, path: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        part, form = _part_of(info.annotation)
        if part is None:
            continue
        place = f"{path}{name}"
        title = {"one": f"[{place}]", "list": f"[[{place}]]", "dict": f'[{place}."…"]'}[form]
        yield f"### `{title}`\n"
        yield f"{_sentence(part)}\n"
        inner = f"{prefix}{name.upper()}__" if prefix and form == "one" else ""
        yield from _table(part, inner)
        yield from _parts(part, inner, f"{place}." if form != "dict" else f'{place}."…".')


def _table(model: type[BaseModel], prefix: str) -> Iterator[str]:
    variable = "| variable " if prefix else ""
    yield f"| setting | value | default {variable}| what it is |"
    yield f"|---|---|---{'|---' if prefix else ''}|---|"
    for name, info in model.model_fields.items():
        cells = [f"`{name}`", _value(name, info), _default(info)]
        if prefix:
            inner, form = _part_of(info.annotation)
            cells.append("" if inner and form == "one" else f"`{prefix}{name.upper()}`")
        cells.append(" ".join((info.description or "").split()))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _sentence(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "its defaults"
    if value is None or value == {}:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _value(name: str, info: FieldInfo) -> str:
    part, form = _part_of(info.annotation)
    if part is not None:
        return {"one": "table", "list": "list of tables", "dict": "table of tables"}[form]
    words = [_kind(info.annotation)]
    words += [unit for end, unit in UNITS.items() if name.endswith(end)]
    for key, sign in BOUNDS:
        for rule in info.metadata:
            if (bound := getattr(rule, key, None)) is not None:
                words.append(f"{sign} {bound}")
    return ", ".join(words)


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is Literal:
        return " or ".join(f'"{each}"' for each in inner)
    if origin in (Union, UnionType):
        return " or ".join(_kind(each) for each in inner if each is not NoneType)
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if origin is dict:
        return "table of texts"
    names = {int: "integer", float: "number", str: "text", bool: "true or false", Path: "path"}
    return names.get(annotation, "text")


def _part_of(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The table that a setting holds, and whether it is one, a list or a dict of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, "one"
    origin = get_origin(annotation)
    form = {tuple: "list", dict: "dict"}.get(origin, "one") if origin is not None else "one"
    for inner in get_args(annotation):
        part, _ = _part_of(inner)
        if part is not None:
            return part, form
    return None, form


def main() -> int:
    """Write the page, or compare it with `--check`; returns the exit code."""
    parser = argparse.ArgumentParser(
        description="Write docs/settings.md from the settings classes."
    )
    parser.add_argument("--check", action="store_true", help="exit 1 when the page is stale")
    if not parser.parse_args().check:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        print("docs/settings.md is stale: run `make docs` and commit.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
