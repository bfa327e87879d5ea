"""The policy language: what it means, what it refuses, and that nothing makes it slow or deep."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zrchain_lite.modules.policy.expression import MAX_DEPTH, Expression, ExpressionError


def solve(text: str) -> bool:
    """An expression of numbers only. What does not parse is false."""
    try:
        return Expression.parse(text).evaluate({})
    except ExpressionError:
        return False


def test_vectors__should_agree_but_for_the_known_quirk(vectors: Callable[[str], Any]) -> None:
    cases = vectors("zrchain.json")["boolparser"]["cases"]
    assert len(cases) > 30
    for case in cases:
        expected = case["result"] if "quirk" not in case else not case["result"]
        assert solve(case["expr"]) is expected, case["expr"]


def test_vectors__should_substitute_approvals(vectors: Callable[[str], Any]) -> None:
    (case,) = vectors("zrchain.json")["boolparser"]["substitution_cases"]
    expression = Expression.parse(case["rule"])
    values = {name.lower(): Fraction(value) for name, value in case["approvals"].items()}
    assert expression.evaluate(values) is case["result"]
    assert not expression.evaluate({**values, "t1": Fraction(0)})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 & 1 | !(!0 & !0 & !1)", True),
        ("!!0", False),
        ("!!5", True),
        ("2 * 3 - 6", False),
        ("1 - 2", True),  # not 0
        ("1 < 2 > 0", True),
        ("0.1 + 0.2 - 0.3", False),  # exact, unlike floats
        ("9007199254740993 > 9007199254740992", True),
        ("1 & 0) | 1", True),
        ("0 | 0+1+1+1 > 2", True),
        ("(0 | 0) + 1 > 1", False),
    ],
)
def test_solve__should_be_exact_and_left_associative(text: str, expected: bool) -> None:
    assert solve(text) is expected


@pytest.mark.parametrize(
    "text",
    ["", "  ", "$", "1 +", "+ 1", "1 1", "(1", "()", "1 / 1", "1 ^ 1", "1.", ".5", "1 ! 1", "é"],
)
def test_solve__should_be_false_for_what_does_not_parse(text: str) -> None:
    with pytest.raises(ExpressionError):
        Expression.parse(text)
    assert solve(text) is False


def test_words__should_know_accounts_and_evm_identities() -> None:
    text = (
        "zen1abc + 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 "
        "+ eip155:31337:0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266 + ZEN1ABC > 2"
    )
    assert Expression.parse(text).words == (
        "zen1abc",
        "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
        "eip155:31337:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266",
    )


def test_evaluate__should_refuse_a_word_without_a_value() -> None:
    with pytest.raises(ExpressionError, match="'b' has no value"):
        Expression.parse("a & b > 0").evaluate({"a": Fraction(1)})


def test_parse__should_bound_length_depth_and_digits() -> None:
    Expression.parse("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH)
    for text in ("(" * (MAX_DEPTH + 1) + "1", "1+" * 10_000 + "1", "9" * 100):
        with pytest.raises(ExpressionError):
            Expression.parse(text)


@given(st.text(alphabet="01 +-*><&|!().ab\t", max_size=60))
def test_solve__should_never_fail_otherwise(text: str) -> None:
    assert solve(text) in (True, False)


_LEAVES = st.integers(0, 3).map(lambda n: (str(n), n))


def _combine(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    binary = st.sampled_from("+-*><&|")
    return st.one_of(
        children.map(lambda c: (f"!({c[0]})", int(not c[1]))),
        st.tuples(children, binary, children).map(
            lambda parts: (f"(({parts[0][0]}) {parts[1]} ({parts[2][0]}))", _python(*parts))
        ),
    )


def _python(left: tuple[str, int], operator: str, right: tuple[str, int]) -> int:
    a, b = left[1], right[1]
    return {
        "+": a + b,
        "-": a - b,
        "*": a * b,
        ">": int(a > b),
        "<": int(a < b),
        "&": int(bool(a) and bool(b)),
        "|": int(bool(a) or bool(b)),
    }[operator]


@given(st.recursive(_LEAVES, _combine, max_leaves=8))
def test_solve__should_agree_with_python_on_parenthesised_expressions(
    case: tuple[str, int],
) -> None:
    text, value = case
    assert solve(text) is bool(value)
