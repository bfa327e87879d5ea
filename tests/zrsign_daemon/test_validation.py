"""What a bad file is said to have wrong: our words, one line, never a value."""

from __future__ import annotations

import ast
import re
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from zrsign_daemon.validation import faults

ROOT = Path(__file__).resolve().parents[2]
THEIRS = re.compile(r"[Ii]nput|validation error|pydantic|Field required|\[type=")
SECRET = "s3cret-value"


class Colour(Enum):
    RED = "red"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    port: int = Field(default=1, ge=1, le=65535)


class Whole(BaseModel):
    """A field of every type that the files of this project have."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(default="a", pattern="^a", min_length=1, max_length=3)
    password: SecretStr = SecretStr("")
    number: float = Field(default=1, gt=0)
    below: int = Field(default=1, lt=2)
    flag: bool = True
    when: datetime | None = None
    path: Path = Path()
    word: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    listed: list[int] = Field(default=[1], min_length=1)
    table: dict[str, int] = {}
    either: int | Literal["safe"] = 1
    inner: Inner = Inner()
    own: int = 1
    needed: int

    @field_validator("own")
    @classmethod
    def _own(cls, value: int) -> int:
        if value != 1:
            raise ValueError("has to be one")
        return value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": 1}, "text: must be text"),
        ({"text": SECRET}, "text: must have at most 3 characters"),
        ({"text": "b"}, "text: must have the form ^a"),
        ({"password": 7}, "password: must be text"),
        ({"number": SECRET}, "number: must be a number"),
        ({"number": 0}, "number: must be above 0.0"),
        ({"below": 2}, "below: must be below 2"),
        ({"flag": SECRET}, "flag: must be true or false"),
        ({"when": SECRET}, "when: must be a time with its zone"),
        ({"path": 7}, "path: must be a path"),
        ({"word": SECRET}, "word: must be 'a' or 'b'"),
        ({"colour": SECRET}, "colour: must be 'red'"),
        ({"listed": SECRET}, "listed: must be a list"),
        ({"listed": []}, "listed: must have at least 1 entries"),
        ({"listed": [SECRET]}, "listed.0: must be a whole number"),
        ({"table": SECRET}, "table: must be a table"),
        ({"inner": SECRET}, "inner: must be a table"),
        ({"inner": {"port": 0}}, "inner.port: must be at least 1"),
        ({"inner": {"port": SECRET}}, "inner.port: must be a whole number"),
        ({"inner": {SECRET[:6]: 1}}, "inner.s3cret: is not known here"),
        ({"own": 2}, "own: has to be one"),
        ({"needed": None}, "needed: must be a whole number"),
    ],
)
def test_fault__should_name_the_field_in_our_words(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Whole.model_validate({"needed": 1, **given})
    shown = faults(refused.value)
    assert shown == said
    assert not THEIRS.search(shown)
    assert SECRET not in shown


def test_faults__should_all_be_on_one_line() -> None:
    with pytest.raises(ValidationError) as refused:
        Whole.model_validate({"either": SECRET, "below": 9})
    assert faults(refused.value) == (
        "below: must be below 2; either.int: must be a whole number; "
        "either.literal['safe']: must be 'safe'; needed: is missing"
    )
    with pytest.raises(ValidationError) as refused:
        Whole.model_validate_json("{")
    assert faults(refused.value) == "the file: is not JSON"


def test_files_that_read_by_pydantic__should_say_so_in_our_words() -> None:
    """Whoever catches its error shows it through `faults`, or shows nothing of it."""
    rooms = ("zrsign*", "zrchain_lite", "relayer")
    handlers = [
        (path.relative_to(ROOT), ast.unparse(node))
        for room in rooms
        for path in ROOT.glob(f"{room}/**/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and node.type is not None
        and re.search(r"\bValidationError\b", ast.unparse(node.type))
    ]
    assert len(handlers) > 5
    theirs = re.compile(r"\{error\}|'msg'|error_count")
    assert [str(path) for path, handler in handlers if theirs.search(handler)] == []
