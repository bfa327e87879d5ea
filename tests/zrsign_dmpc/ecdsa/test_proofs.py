"""What holds for every proof: it verifies as made, and in no other way."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.ecdsa.builders import TINY, paillier_key, trapdoor
from tests.zrsign_dmpc.ecdsa.cases import MAKERS, TO_ONE_VERIFIER, G, case
from zrsign_dmpc.ecdsa.errors import MalformedValueError
from zrsign_dmpc.errors import DmpcError, EncodingError
from zrsign_dmpc.group.curves import Point
from zrsign_dmpc.wire.encoding import decode
from zrsign_dmpc.wire.records import Record

HUGE = 1 << 20_000


def tampered(value: Any) -> Iterator[Any]:
    """Values near and far that must not be accepted in place of this one."""
    if isinstance(value, Point):
        yield from (value + G(1), -value)
    elif isinstance(value, tuple):
        yield from ((), value[:-1], (*value, value[-1]), value[::-1])
        for other in tampered(value[0]):
            yield (other, *value[1:])
        for other in tampered(value[-1]):
            yield (*value[:-1], other)
    else:
        yield from (value + 1, value - 1, -value - 1, 0 if value else 1, HUGE, -HUGE)


def variants(proof: Record) -> Iterator[tuple[str, Record]]:
    """The proof with one field changed."""
    for field in fields(proof):
        value = getattr(proof, field.name)
        for other in tampered(value):
            if other != value:
                yield field.name, replace(proof, **{field.name: other})


REFUSED = (MalformedValueError, EncodingError)
"""By a check, or before it because no message can carry so long an integer."""


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("prover_fast", [True, False])
@pytest.mark.parametrize("verifier_fast", [True, False])
def test_proof__should_verify_whichever_back_end_made_it(
    name: str, prover_fast: bool, verifier_fast: bool
) -> None:
    case(name, verifier_fast).check(case(name, prover_fast).proof)


@pytest.mark.parametrize("name", MAKERS)
def test_proof__should_be_the_same_record_after_a_journey(name: str) -> None:
    proof = case(name).proof
    assert type(proof).from_value(decode(proof.encode())) == proof
    case(name).check(type(proof).decode(proof.encode()))


@pytest.mark.parametrize("name", MAKERS)
def test_proof__should_fail_when_any_field_is_tampered_with(name: str) -> None:
    count = 0
    for field, variant in variants(case(name).proof):
        count += 1
        try:
            case(name).check(variant)
        except REFUSED:
            continue
        pytest.fail(f"accepted another {field}")
    assert count > len(fields(case(name).proof))


@pytest.mark.parametrize("name", MAKERS)
def test_proof__should_be_bound_to_its_execution_prover_and_level(name: str) -> None:
    made = case(name)
    for change in (
        {"execution_id": b"another"},
        {"execution_id": made.context.execution_id + b"\0"},
        {"prover": made.context.prover + 1},
        {"level": replace(TINY, name="ANOTHER_LEVEL")},
        {"level": replace(TINY, statistical=39)},
    ):
        with pytest.raises(MalformedValueError):
            made.verify(replace(made.context, **change), made.proof, made.verifier)


@pytest.mark.parametrize("name", TO_ONE_VERIFIER)
def test_proof__should_convince_its_own_verifier_only(name: str) -> None:
    made = case(name)
    with pytest.raises(MalformedValueError):
        made.verify(made.context, made.proof, trapdoor(2))


@pytest.mark.parametrize("name", MAKERS)
def test_proof__should_not_pass_for_another_statement(name: str) -> None:
    """Every proof's transcript names its kind: no other kind reads it."""
    for other in MAKERS:
        if other != name:
            with pytest.raises(DmpcError):
                type(case(other).proof).decode(case(name).proof.encode())


NUMBERS = st.one_of(
    st.sampled_from([0, 1, -1, 2, HUGE]),
    st.integers(-(1 << 2500), 1 << 2500),
    st.sampled_from([paillier_key(0), paillier_key(1)]).flatmap(
        lambda key: st.sampled_from([key.N, key.N2, key.N - 1, key.N2 - 1, key.p, key.N + 1])
    ),
    st.sampled_from([trapdoor(1).N_hat, trapdoor(1).N_hat - 1, trapdoor(1).modulus.left]),
)


@settings(max_examples=100)
@given(st.data())
def test_verify__should_refuse_any_numbers_and_raise_nothing_else(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(MAKERS)))
    made = case(name)
    chosen = data.draw(st.sets(st.sampled_from(fields(made.proof)), min_size=1))
    changes: dict[str, Any] = {}
    for field in sorted(chosen, key=lambda field: field.name):
        value = getattr(made.proof, field.name)
        if isinstance(value, tuple):
            at = data.draw(st.integers(0, len(value) - 1))
            new = data.draw(NUMBERS) if not isinstance(value[at], Point) else G(at + 1)
            changes[field.name] = (*value[:at], new, *value[at + 1 :])
        else:
            changes[field.name] = G(3) if isinstance(value, Point) else data.draw(NUMBERS)
    changed = replace(made.proof, **changes)
    assume(changed != made.proof)
    with pytest.raises(REFUSED):
        made.check(changed)
