"""An operator that alters every message of one class: `python -m tests.e2e.cheat CLASS --config F`.

It is the real operator otherwise; only what its rounds say is changed on the way out.
"""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from typing import Any

from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.run.session import Session
from zrsign_dmpc.wire.records import Record
from zrsign_operator.__main__ import main


def altered(record: Record) -> Record:
    """Another value in its first field."""
    name = fields(record)[0].name
    return replace(record, **{name: other(getattr(record, name))})


def other(value: Any) -> Any:
    if isinstance(value, Point):
        return value + value.group.generator
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    if isinstance(value, tuple):
        return (other(value[0]), *value[1:])
    return value + 1


def cheat(kind: str) -> None:
    honest = Session._signed

    def signed(self: Any, message_kind: Any, recipient: int, record: Record) -> Any:
        changed = altered(record) if type(record).__name__ == kind else record
        return honest(self, message_kind, recipient, changed)

    setattr(Session, "_signed", signed)  # noqa: B010 - a patch


if __name__ == "__main__":
    cheat(sys.argv.pop(1))
    sys.exit(main())
