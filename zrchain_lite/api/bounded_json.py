"""JSON of strangers (RFC 8259): UTF-8, of bounded depth, read in time that grows with its bytes.

Depth and size are counted before the parser runs: some libraries raise the interpreter's recursion
limit (py_ecc to 100 000), and then the standard library's parser runs off the C stack on text such
as `[[[[…`. What has no JSON of its own is refused, so that it can be written again: NaN,
infinities, halves of surrogate pairs.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from zrchain_lite.errors import InvalidArgument

MAX_DEPTH = 64
MAX_TOKENS = 50_000
"""How many strings and brackets a text may have; each costs a hundred times what a byte does."""
# A string that never closes is one token too: looking for its end again from every quote inside
# would take time that grows with the square of the bytes.
_TOKENS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(text: bytes) -> Any:
    """The value of a JSON text.

    Raises InvalidArgument for none, and above 64 levels or 50,000 strings and brackets.
    """
    try:
        decoded = text.decode()
        _check_shape(decoded)
        value = json.loads(decoded, parse_constant=_constant, parse_float=_finite)
        if _SURROGATE.search(decoded):
            json.dumps(value, ensure_ascii=False).encode()
    except InvalidArgument:
        raise
    except ValueError as error:
        raise InvalidArgument(f"not JSON: {str(error)[:200]}") from None
    return value


def _check_shape(text: str) -> None:
    depth = 0
    for count, match in enumerate(_TOKENS.finditer(text), 1):
        token = match[0]
        if count > MAX_TOKENS:
            raise InvalidArgument(f"the JSON has more than {MAX_TOKENS} strings and brackets")
        if token in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidArgument(f"the JSON is nested deeper than {MAX_DEPTH} levels")
        elif token in ("]", "}"):
            depth -= 1


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value
