"""What pydantic found wrong, in our words.

The field and what it must be; never the value, which may be a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic import ValidationError

MUST_BE: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "json_invalid": "is not JSON",
    "string_type": "must be text",
    "string_pattern_mismatch": "must have the form {pattern}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "value_error": "{error}",
}
"""What each of pydantic's types of error is said as, with its own context."""
KINDS: Final = (
    ("int", "must be a whole number"),
    ("float", "must be a number"),
    ("decimal", "must be a number"),
    ("bool", "must be true or false"),
    ("path", "must be a path"),
    ("bytes", "must be bytes"),
    ("datetime", "must be a time with its zone"),
    ("timezone", "must be a time with its zone"),
    ("url", "must be a URL"),
    ("dict", "must be a table"),
    ("model", "must be a table"),
    ("mapping", "must be a table"),
    ("list", "must be a list"),
    ("tuple", "must be a list"),
    ("set", "must be a list"),
    ("frozen_set", "must be a list"),
)
"""What the others are said as, by how the type begins."""


def faults(error: ValidationError) -> str:
    """All faults on one line, such as `listen: must be text; port: is missing`."""
    found = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{_where(each)}: {_said(each)}" for each in found)


def requirement(error: ValidationError) -> str:
    """What a single value must be, such as `must be a whole number`."""
    return _said(error.errors(include_url=False, include_input=False)[0])


def _where(fault: Any) -> str:
    return ".".join(map(str, fault["loc"])) or "the file"


def _said(fault: Any) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind in MUST_BE:
        return MUST_BE[kind].format(**context)
    return next((said for word, said in KINDS if kind.startswith(word)), "is not acceptable")
