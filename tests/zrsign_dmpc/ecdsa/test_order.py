"""A presignature meets its digest and key at the end: who knows the nonce gains nothing by it."""

from collections.abc import Callable
from dataclasses import fields, replace
from hashlib import sha256, shake_256
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from tests.zrsign_dmpc.builders import fresh_ledger
from tests.zrsign_dmpc.ecdsa.parties import parties, require_blamed, run
from tests.zrsign_dmpc.ecdsa.signers import BEACON, order, presignatures, signed, signing
from zrsign_dmpc.ecdsa import Order, Presignature, UnsignableDigest, sign_execution
from zrsign_dmpc.ecdsa.presign import PublicPresignature
from zrsign_dmpc.ecdsa.signing import ShareRound, combine
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.group.curves import SECP256K1, Point

G, q = SECP256K1.base_mul, SECP256K1.order
Made = dict[int, Presignature]
Sign = Callable[[Made, Order], tuple[int, int]]
DIGEST = sha256(b"what was approved").digest()
WANTED = sha256(b"what nobody approved").digest()


def verifies(key: Point, digest: bytes, r: int, s: int) -> bool:
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), key.encode())
    try:
        public.verify(utils.encode_dss_signature(r, s), digest, ec.ECDSA(utils.Prehashed(SHA256())))
    except InvalidSignature:
        return False
    return True


def x_of(point: Point) -> int:
    return int.from_bytes(point.encode()[1:], "big") % q


def by_the_protocol(made: Made, asked: Order) -> tuple[int, int]:
    signature = signed(made, asked)
    return signature.r, signature.s


def by_the_bare_nonce(made: Made, asked: Order) -> tuple[int, int]:
    """What signers did who fixed the nonce ahead: σ = k̃·m + r·(χ̃ + shift·k̃)."""
    r = x_of(asked.presignature.Gamma)
    shares = (m.k * asked.m + r * (m.chi + asked.shift * m.k) for m in made.values())
    return r, sum(shares) % q


# (the child that signs, the child that the forgery is for): the key itself, one child, another
# child than the one that was asked, chosen together with the digest when the nonce was known.
CHILDREN = [(0, 0), (12345, 12345), (0, 777), (12345, q - 5)]


def forges(sign: Sign, shift: int, wanted_shift: int, factor: int) -> bool:
    """Groth and Shoup (ePrint 2021/1330) by a requester with one corrupt signer, who tells it Γ.

    The forgery's nonce point is factor·Γ. h/r + e = h*/r* + e* makes s* = s·r*/(r·factor).
    """
    made = presignatures((1, 2))
    Gamma = made[2].public.Gamma  # noqa: N806 - the paper's letter
    r, r_wanted = x_of(Gamma), x_of(factor * Gamma)
    wanted = int.from_bytes(WANTED, "big")
    digest = r * (wanted * pow(r_wanted, -1, q) + wanted_shift - shift) % q
    asked = order(made, digest.to_bytes(32, "big"), shift)
    got_r, s = sign(made, asked)
    assert verifies(asked.public_key, asked.digest, got_r, s)
    child = made[2].public.public_key + G(wanted_shift)
    return any(
        verifies(child, WANTED, r_wanted, sign_of * s * r_wanted * pow(base * factor, -1, q) % q)
        for base in {r, got_r}
        for sign_of in (1, -1)
    )


@pytest.mark.parametrize(("shift", "wanted_shift"), CHILDREN)
@pytest.mark.parametrize("factor", [2, q - 3])
def test_requester_who_knows_the_nonce__should_get_no_signature_of_another_digest(
    shift: int, wanted_shift: int, factor: int
) -> None:
    assert forges(by_the_bare_nonce, shift, wanted_shift, factor)
    assert not forges(by_the_protocol, shift, wanted_shift, factor)


def test_requester_who_knows_the_nonce__should_not_profit_from_knowing_the_beacon() -> None:
    """Even then its digest is inside the hash that makes its own r: no search closes the loop."""
    made, digest = presignatures((1, 2)), DIGEST
    ratio = int.from_bytes(WANTED, "big") * pow(x_of(2 * made[1].public.Gamma), -1, q)
    for _ in range(20):
        # It asks for the digest that would do, if r stayed what it was for the digest before.
        r = order(made, digest).r
        digest = (r * ratio % q).to_bytes(32, "big")
        assert order(made, digest).r != r


OTHERS: list[tuple[str, Any]] = [
    ("id", bytes(32)),
    ("key_id", bytes(32)),
    ("epoch", 1),
    ("signers", (1, 3)),
    ("Gamma", SECP256K1.generator),
    ("Delta", "reversed"),
    ("S", "reversed"),
]


@pytest.mark.parametrize(("field", "value"), OTHERS)
def test_rho__should_depend_on_every_value_of_the_presignature(field: str, value: Any) -> None:
    public = presignatures((1, 2))[1].public
    other = getattr(public, field)[::-1] if value == "reversed" else value
    changed = replace(public, **{field: other})
    assert Order(changed, DIGEST, BEACON).rho != Order(public, DIGEST, BEACON).rho


def test_rho__should_have_a_test_for_every_value_of_the_presignature() -> None:
    """The key is bound through the child's, which no other test can change alone."""
    known = {field.name for field in fields(PublicPresignature)}
    assert {field for field, _ in OTHERS} | {"public_key"} == known


def test_rho__should_depend_on_digest_child_and_beacon() -> None:
    made = presignatures((1, 2))
    orders = [
        order(made, DIGEST),
        order(made, WANTED),
        order(made, DIGEST, shift=1),
        order(made, DIGEST, beacon=bytes(32)),
        # The same m modulo q, and a beacon in the digest's place.
        order(made, (5).to_bytes(32, "big")),
        order(made, (5 + q).to_bytes(32, "big")),
        order(made, BEACON, beacon=DIGEST),
    ]
    # A key and a shift that lead to the same child, as one of another parent does.
    moved = replace(
        made[1].public,
        public_key=made[1].public.public_key + G(1),
        S=(made[1].public.S[0] + G(1), *made[1].public.S[1:]),
    )
    orders.append(Order(moved, DIGEST, BEACON))
    assert orders[-1].public_key == orders[2].public_key
    assert len({each.rho for each in orders}) == len(orders)
    assert len({each.r for each in orders}) == len(orders)
    assert all(0 < each.rho < q for each in orders)


def item(value: int | bytes | str | Point | tuple[Any, ...]) -> bytes:
    """The encoding of `zrsign_dmpc.wire.encoding` once more: type, length, body."""
    match value:
        case int():
            kind, body = 1, value.to_bytes((value.bit_length() + 7) // 8, "big")
        case bytes():
            kind, body = 3, value
        case str():
            kind, body = 4, value.encode()
        case Point():
            kind, body = 5, b"\0" + value.encode()
        case _:
            return b"\6" + len(value).to_bytes(4, "big") + b"".join(map(item, value))
    return bytes([kind]) + len(body).to_bytes(4, "big") + body


@pytest.mark.parametrize("shift", [0, 1, q - 5])
def test_rho__should_be_the_hash_that_the_page_says(shift: int) -> None:
    """Computed again from SHAKE256, so that nothing falls out of it and others can compute it."""
    made = presignatures((1, 2))
    asked = order(made, DIGEST, shift)
    said = [
        ("open", "zrsign-dmpc-transcript-v1", "zrsign-cggmp24-rerandomise-v1"),
        ("absorb", "presignature", made[1].public.digest),
        ("absorb", "public key", made[1].public.public_key + G(shift)),
        ("absorb", "shift", shift),
        ("absorb", "digest", DIGEST),
        ("absorb", "beacon", BEACON),
        ("challenge below", "rho", (q - 1, 1)),
    ]
    seed = shake_256(b"".join(map(item, said))).digest(64)
    candidates = (shake_256(seed + bytes(4) + n.to_bytes(4, "big")).digest(32) for n in range(256))
    drawn = (int.from_bytes(candidate, "big") for candidate in candidates)
    assert asked.rho == 1 + next(number for number in drawn if number < q - 1)


def test_signature__should_not_have_an_s_of_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """m = -r·x makes one, of honest shares; no verifier takes it."""
    monkeypatch.setattr(
        "zrsign_dmpc.ecdsa.order.Transcript.challenge_below", lambda *_: 0, raising=True
    )
    made = presignatures((1, 2))
    secret = sum(m.chi for m in made.values()) * pow(sum(m.k for m in made.values()), -1, q)
    digest = (-x_of(made[1].public.Gamma) * secret % q).to_bytes(32, "big")
    asked = order(made, digest)
    assert sum(asked.share(each) for each in made.values()) % q == 0
    assert combine(asked, [asked.share(each) for each in made.values()]) is None


@pytest.mark.parametrize(("drawn", "rho"), [(0, 1), (q - 2, q - 1)])
def test_rho__should_never_be_zero(monkeypatch: pytest.MonkeyPatch, drawn: int, rho: int) -> None:
    def draw(_: object, label: str, bound: int) -> int:
        assert (label, bound) == ("rho", q - 1)
        return drawn

    monkeypatch.setattr("zrsign_dmpc.ecdsa.order.Transcript.challenge_below", draw)
    made = presignatures((1, 2))
    asked = order(made, DIGEST)
    assert asked.rho == rho
    assert verifies(asked.public_key, DIGEST, *by_the_protocol(made, asked))


@pytest.mark.parametrize("number", [0, q])
def test_order__should_refuse_a_digest_of_zero(number: int) -> None:
    with pytest.raises(UnsignableDigest, match="0 modulo"):
        order(presignatures((1, 2)), number.to_bytes(32, "big"))


def test_order__should_refuse_what_makes_no_signature() -> None:
    made = presignatures((1, 2))
    for size in (0, 31, 33):
        with pytest.raises(ParameterError, match="a digest has 32 bytes"):
            order(made, b"d" * size)
        with pytest.raises(ParameterError, match="a beacon has 32 bytes"):
            order(made, DIGEST, beacon=b"b" * size)
    for shift in (-1, q):
        with pytest.raises(ParameterError, match="not reduced"):
            order(made, DIGEST, shift)
    secret = sum(m.chi for m in made.values()) * pow(sum(m.k for m in made.values()), -1, q) % q
    with pytest.raises(ParameterError, match="identity"):
        order(made, DIGEST, q - secret)
    wrong = replace(made[1].public, S=made[1].public.S[:1] * 2)
    moved = replace(made[1].public, public_key=made[1].public.public_key + G(1))
    for damaged in (wrong, moved):
        with pytest.raises(ParameterError, match="does not fit its public key"):
            Order(damaged, DIGEST, BEACON)


@pytest.mark.parametrize(
    "other",
    [
        {"beacon": bytes(32)},
        {"digest": WANTED},
        {"shift": 8},
        {"shift": 0},
    ],
)
def test_signer_of_another_order__should_be_named(other: dict[str, Any]) -> None:
    """It signs what it likes in an execution of all: its share is wrong, provably."""
    made = presignatures((1, 2, 3))
    asked = order(made, DIGEST, shift=7)
    own = replace(asked, **other)

    class Stubborn(ShareRound):
        def __init__(self, me: int) -> None:
            super().__init__(execution, asked, made[me], fresh_ledger())
            self._order = own

    execution = signing(asked)

    def first(i: int) -> Callable[[], ShareRound]:
        return lambda: ShareRound(execution, asked, made[i], fresh_ledger())

    outcomes = run(execution, {1: first(1), 2: lambda: Stubborn(2), 3: first(3)})
    require_blamed(execution, outcomes, 2, "wrong signature share")


def test_signing__should_be_another_execution_for_another_order() -> None:
    made = presignatures((1, 2))
    orders = [
        order(made, DIGEST),
        order(made, WANTED),
        order(made, DIGEST, shift=1),
        order(made, DIGEST, beacon=bytes(32)),
        order(presignatures((1, 2), b"another presigning"), DIGEST),
    ]
    sids = {sign_execution(each, parties(1, 2), 2, b"signing number 0001").sid for each in orders}
    assert len(sids) == len(orders)


def test_presignature_of_a_child__should_sign_for_it_and_its_own_children() -> None:
    """The version before fixed the shift in the presignature; what it stored opens and signs."""
    fixed, shift, made = 4321, 99, {}
    for i, each in presignatures((1, 2)).items():
        public = replace(
            each.public,
            public_key=each.public.public_key + G(fixed),
            S=tuple(
                S + fixed * Delta for S, Delta in zip(each.public.S, each.public.Delta, strict=True)
            ),
        )
        stored = Presignature(public, i, each.k, (each.chi + fixed * each.k) % q).encode()
        made[i] = Presignature.decode(stored)
    asked = order(made, DIGEST, shift)
    assert asked.public_key == presignatures((1, 2))[1].public.public_key + G(fixed + shift)
    assert verifies(asked.public_key, DIGEST, *by_the_protocol(made, asked))
