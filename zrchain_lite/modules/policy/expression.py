"""The language of boolparser policies: `(zen1a + zen1b + zen1c > 1) & zen1d`.

Numbers, words, `+ - > < & |` (one precedence, left associative), `*` (binds tighter), unary `!`,
parentheses. A word is an account, an EIP-55 or CAIP-10 address, or a name such as TXVALUE; its case
does not matter. Comparison, `&`, `|` and `!` give 0 or 1, and any value but 0 is true. Arithmetic
is exact. A `)` without its `(` closes everything before it, as zrChain has it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from zrchain_lite.errors import InvalidArgument

# A whole number is an int: a Fraction costs ten times as much, and anybody may store policies.
Value = int | Fraction

MAX_LENGTH = 16_384
MAX_DEPTH = 32
MAX_DIGITS = 78

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<word>eip155:[0-9]+:0x[0-9a-fA-F]{40}|0x[0-9a-fA-F]{40}(?![0-9A-Za-z])
        |passkey\{[^{}\s]*\}|[A-Za-z][A-Za-z0-9]*)
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<operator>[-+*<>&|!()])
    )""",
    re.VERBOSE,
)
_BINARY: Mapping[str, Callable[[Value, Value], Value]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    ">": lambda a, b: int(a > b),
    "<": lambda a, b: int(a < b),
    "&": lambda a, b: int(a != 0 and b != 0),
    "|": lambda a, b: int(a != 0 or b != 0),
}


class ExpressionError(InvalidArgument):
    """The text is not an expression of the language, or a word has no value."""


@dataclass(frozen=True)
class Expression:
    """A tokenised expression. Words are lower case."""

    tokens: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Expression:
        """The expression of a text; raises ExpressionError when no values could evaluate it."""
        return _parsed(text)

    @property
    def words(self) -> tuple[str, ...]:
        """Distinct words in the order of their first use."""
        return tuple(dict.fromkeys(token for token in self.tokens if _is_word(token)))

    @property
    def monotone(self) -> bool:
        """Whether more approvals can never turn it from true to false."""
        return not {"!", "-", "<"}.intersection(self.tokens)

    def evaluate(self, values: Mapping[str, Value]) -> bool:
        """`values` by lower-case word. Raises ExpressionError for a word without a value."""
        return _Evaluation(self.tokens, values).result() != 0


@lru_cache(maxsize=256)
def _parsed(text: str) -> Expression:
    """The same policies decide again and again."""
    expression = Expression(_tokenise(text))
    expression.evaluate(dict.fromkeys(expression.words, 0))
    return expression


def _tokenise(text: str) -> tuple[str, ...]:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the definition has {len(text)} characters; at most {MAX_LENGTH}")
    tokens: list[str] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(f"unexpected {text[position:].lstrip()[0]!r} at {position}")
        token = match[match.lastgroup or 0]
        if match.lastgroup == "number" and len(token) > MAX_DIGITS:
            raise ExpressionError(f"a number has at most {MAX_DIGITS} digits, not {len(token)}")
        tokens.append(token.lower())
        position = match.end()
    if not tokens:
        raise ExpressionError("the definition is empty")
    return tuple(tokens)


def _is_word(token: str) -> bool:
    return token[0].isalpha() or token.startswith("0x")


class _Evaluation:
    """One pass of recursive descent over the tokens."""

    def __init__(self, tokens: tuple[str, ...], values: Mapping[str, Value]) -> None:
        self._tokens = tokens
        self._values = values
        self._position = 0
        self._depth = 0

    def result(self) -> Value:
        value = self._sum()
        while self._peek() == ")":
            self._position += 1
            value = self._sum(self._product(value))
        if (token := self._peek()) is not None:
            raise ExpressionError(f"an operator is missing before {token!r}")
        return value

    def _sum(self, left: Value | None = None) -> Value:
        value = self._product() if left is None else left
        while (operator := self._peek()) in _BINARY:
            self._position += 1
            value = _BINARY[operator or ""](value, self._product())
        return value

    def _product(self, left: Value | None = None) -> Value:
        value = self._unary() if left is None else left
        while self._peek() == "*":
            self._position += 1
            value *= self._unary()
        return value

    def _unary(self) -> Value:
        negations = 0
        while self._peek() == "!":
            self._position += 1
            negations += 1
        value = self._operand()
        if negations == 0:
            return value
        return int((value != 0) == (negations % 2 == 0))

    def _operand(self) -> Value:
        token = self._peek()
        self._position += 1
        if token is None:
            raise ExpressionError("the definition ends where a value is expected")
        if token.startswith("("):
            return self._parenthesised()
        if _is_word(token):
            if token not in self._values:
                raise ExpressionError(f"{token!r} has no value here")
            return self._values[token]
        if not token[0].isdigit():
            raise ExpressionError(f"a value is expected where {token!r} stands")
        return int(token) if token.isdecimal() else Fraction(token)

    def _parenthesised(self) -> Value:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"parentheses are nested deeper than {MAX_DEPTH}")
        value = self._sum()
        if self._peek() != ")":
            raise ExpressionError("a ( is never closed")
        self._position += 1
        self._depth -= 1
        return value

    def _peek(self) -> str | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None
