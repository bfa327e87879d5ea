"""JSON of strangers: of bounded depth, whatever the interpreter's recursion limit is.

Some libraries raise that limit (py_ecc to 100 000), and then the standard library's parser runs off
the C stack on text such as `[[[[…`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from zrchain_lite.errors import InvalidArgument

MAX_DEPTH = 64
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


def loads(text: bytes) -> Any:
    """The value of a JSON text; raises InvalidArgument for none or above 64 levels."""
    depth = 0
    for match in _TOKENS.finditer(text):
        token = match[0]
        if token in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise InvalidArgument(f"the JSON is nested deeper than {MAX_DEPTH} levels")
        elif token in (b"]", b"}"):
            depth -= 1
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidArgument(f"not JSON: {error}") from None
