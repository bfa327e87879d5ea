"""An operator that alters every message of one class: `python -m tests.e2e.cheat CLASS --config F`.

It is the real operator otherwise; only what its rounds say is changed on the way out.
"""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from typing import Any

from dmpc.curves import Point
from dmpc.operator.__main__ import main
from dmpc.records import Record
from dmpc.session import Session


def altered(record: Record) -> Record:
    """Another value in its first field."""
    name = fields(record)[0].name
    value = getattr(record, name)
    if isinstance(value, Point):
        other: Any = value + value.group.generator
    elif isinstance(value, bytes):
        other = bytes([value[0] ^ 1]) + value[1:]
    elif isinstance(value, tuple):
        other = value[::-1]
    else:
        other = value + 1
    return replace(record, **{name: other})


def cheat(kind: str) -> None:
    honest = Session._signed

    def signed(self: Any, message_kind: Any, recipient: int, record: Record) -> Any:
        changed = altered(record) if type(record).__name__ == kind else record
        return honest(self, message_kind, recipient, changed)

    setattr(Session, "_signed", signed)  # noqa: B010 - a patch


if __name__ == "__main__":
    cheat(sys.argv.pop(1))
    sys.exit(main())
