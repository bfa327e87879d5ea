"""Derivation: BIP 32's own vectors, independent computations, and threshold signatures."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import pytest
from coincurve import PublicKeyXOnly
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from embit.bip32 import HDKey
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import VerifyKey

from tests.zrsign_dmpc.builders import deal
from tests.zrsign_dmpc.handovers import sign
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost import BIP340, ED25519_SHA512, output_share
from zrsign_dmpc.frost.taproot import tweak_of
from zrsign_dmpc.group.curves import ED25519, SECP256K1, Group
from zrsign_dmpc.group.derivation import (
    MAX_DEPTH,
    HardenedIndex,
    NoSuchChild,
    derive,
    derive_info,
    derive_share,
    parse_path,
)

# BIP 32, test vectors 1 and 2: parent, non-hardened index, child.
VECTORS = [
    (
        (
            "xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9"
            "xv5ski8PX9rL2dZXvgGDnw"
        ),
        1,
        (
            "xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hq"
            "ck2AxYysAA7xmALppuCkwQ"
        ),
    ),
    (
        (
            "xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu"
            "4trkrX7x7DogT5Uv6fcLW5"
        ),
        2,
        (
            "xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62c"
            "fN7fe5JnJ7dh8zL4fiyLHV"
        ),
    ),
    (
        (
            "xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62c"
            "fN7fe5JnJ7dh8zL4fiyLHV"
        ),
        1000000000,
        (
            "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasT"
            "vXEYBVPamhGW6cFJodrTHy"
        ),
    ),
    (
        (
            "xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BD"
            "zTJY47LJhkJ8UB7WEGuduB"
        ),
        0,
        (
            "xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZ"
            "b7ap6r1D3tgFxHmwMkQTPH"
        ),
    ),
]

# Ed25519 by this project's formula: a secret, a chain code, a path; the child's key and chain code,
# which `children_by_plain_integers` confirms.
ED25519_VECTORS = [
    (
        1,
        "00" * 32,
        (0,),
        "2f1ce2df24ca4f4229b0b04c444d4d355134ae979be451a743887f4534672643",
        "6ce2dcf6604fec3d1543ae80ed0ce10592447bb0926716ebb6b086f48ce9bd53",
    ),
    (
        2**252 - 1,
        "ff" * 32,
        (2**31 - 1,),
        "521586aad13b199dfb7d99a39ee3e26b626e56adb6916bc6515c0d003a000756",
        "69308d747a6637ac1ef08ee5de37b52a21fcb6135d7dc9274f1f32501611a33d",
    ),
    (
        123456789,
        "0f" * 32,
        (44, 501, 0, 7),
        "37ece6cc1634fc9029ab1d309ec29b4fb13e97ea5ff64ede92a0889e4dbfb7b9",
        "dcbaf67f533640ae015be54c63c89b6a5378976dcd860540efdcb12a2e75895e",
    ),
]

paths = st.lists(st.integers(0, 2**31 - 1), max_size=4).map(tuple)


@pytest.mark.parametrize(("parent", "index", "child"), VECTORS)
def test_derive__should_reproduce_bip32(parent: str, index: int, child: str) -> None:
    start, end = HDKey.from_string(parent), HDKey.from_string(child)
    derived = derive(SECP256K1.decode(start.key.sec()), start.chain_code, [index])
    assert derived.public_key.encode() == end.key.sec()
    assert derived.chain_code == end.chain_code


@settings(max_examples=25)
@given(seed=st.binary(min_size=16, max_size=64), path=paths)
def test_derive__should_agree_with_an_independent_wallet(
    seed: bytes, path: tuple[int, ...]
) -> None:
    root = HDKey.from_seed(seed)
    derived = derive(SECP256K1.decode(root.to_public().key.sec()), root.chain_code, path)
    child = root.derive(list(path))
    assert derived.public_key.encode() == child.to_public().key.sec()
    assert derived.chain_code == child.chain_code
    # The secret moves by the same shift.
    secret = (int.from_bytes(root.secret, "big") + derived.shift) % SECP256K1.order
    assert secret.to_bytes(32, "big") == child.secret


@settings(max_examples=10)
@given(path=paths)
def test_derive_share__should_sign_for_the_child_key_and_its_taproot_output(
    path: tuple[int, ...],
) -> None:
    shares = [derive_share(share, path) for share in deal(SECP256K1, 2, [1, 2, 3], "hd")]
    info = shares[0].info
    assert info.is_consistent()
    message = hashlib.sha256(b"child").digest()
    signature = sign(shares[:2], message, BIP340)
    assert PublicKeyXOnly(info.public_key.encode()[1:]).verify(signature, message)
    # BIP 86: the output key is tweaked from the child as internal key.
    output = PublicKeyXOnly(info.public_key.encode()[1:])
    output.tweak_add(tweak_of(info).to_bytes(32, "big"))
    signature = sign([output_share(share) for share in shares[1:]], message, BIP340)
    assert output.verify(signature, message)


def children_by_plain_integers(
    secret: int, chain_code: bytes, path: tuple[int, ...]
) -> tuple[int, bytes, bytes]:
    """The formula once more, from hashes and integers alone: secret, public key, chain code."""
    for index in path:
        data = edwards_encode(edwards_mul(secret)) + index.to_bytes(4, "big")
        tweak = hmac.new(chain_code, b"zrsign ed25519 child tweak v1" + data, hashlib.sha512)
        after = hmac.new(chain_code, b"zrsign ed25519 child chain code v1" + data, hashlib.sha512)
        secret = (secret + int.from_bytes(tweak.digest(), "little")) % ED25519_ORDER
        chain_code = after.digest()[:32]
    return secret, edwards_encode(edwards_mul(secret)), chain_code


# RFC 8032, section 5.1: the curve -x^2 + y^2 = 1 + d x^2 y^2 modulo p, and its base point.
P = 2**255 - 19
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def edwards_mul(scalar: int) -> tuple[int, int]:
    total, power = (0, 1), BASE
    while scalar:
        total = edwards_add(total, power) if scalar & 1 else total
        power, scalar = edwards_add(power, power), scalar >> 1
    return total


def edwards_add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    (x, y), (u, v) = a, b
    k = D * x * y * u * v
    return (
        (x * v + y * u) * pow(1 + k, -1, P) % P,
        (y * v + x * u) * pow(1 - k, -1, P) % P,
    )


def edwards_encode(point: tuple[int, int]) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


@pytest.mark.parametrize(("secret", "code", "path", "public_key", "child_code"), ED25519_VECTORS)
def test_derive__should_follow_the_ed25519_formula(
    secret: int, code: str, path: tuple[int, ...], public_key: str, child_code: str
) -> None:
    derived = derive(ED25519.base_mul(secret), bytes.fromhex(code), path)
    again = children_by_plain_integers(secret, bytes.fromhex(code), path)
    assert derived.public_key.encode().hex() == again[1].hex() == public_key
    assert derived.chain_code.hex() == again[2].hex() == child_code
    assert (secret + derived.shift) % ED25519.order == again[0]


@settings(max_examples=10)
@given(path=paths.filter(bool))
def test_derive_share__should_sign_for_an_ed25519_child_as_any_verifier_checks_it(
    path: tuple[int, ...],
) -> None:
    shares = [derive_share(share, path) for share in deal(ED25519, 2, [1, 2, 3], "hd")]
    info, message = shares[0].info, b"to a child"
    assert info.is_consistent()
    signature = sign(shares[1:], message, ED25519_SHA512)
    VerifyKey(info.public_key.encode()).verify(message, signature)
    Ed25519PublicKey.from_public_bytes(info.public_key.encode()).verify(signature, message)


@pytest.mark.parametrize("group", [SECP256K1, ED25519])
def test_derive_info__should_name_each_child_by_another_key_id(group: Group) -> None:
    info = deal(group, 2, [1, 2, 3], "hd")[0].info
    ids = {derive_info(info, path).key_id for path in [(), (0,), (1,), (0, 0)]}
    assert len(ids) == 4
    assert derive_info(info, ()) == info
    assert derive_info(info, (5, 6)) == derive_info(derive_info(info, (5,)), (6,))


@pytest.mark.parametrize("path", [[2**31], [0, 2**32 - 1], [2**40]])
def test_derive__should_refuse_hardened_indices(path: list[int]) -> None:
    info = deal(SECP256K1, 2, [1, 2], "hd")[0].info
    with pytest.raises(HardenedIndex):
        derive_info(info, path)


def test_derive__should_refuse_malformed_paths_and_chain_codes() -> None:
    info = deal(SECP256K1, 2, [1, 2], "hd")[0].info
    for path in ([-1], [0] * (MAX_DEPTH + 1)):
        with pytest.raises(ParameterError):
            derive_info(info, path)
    with pytest.raises(ParameterError):
        derive(info.public_key, b"short", [0])


def secp256k1_step(tweak: int) -> bytes:
    return tweak.to_bytes(32, "big") + bytes(32)


def ed25519_step(tweak: int) -> bytes:
    return tweak.to_bytes(64, "little")


@pytest.mark.parametrize(
    ("group", "step", "tweak"),
    [
        (SECP256K1, secp256k1_step, 0),
        (SECP256K1, secp256k1_step, SECP256K1.order),
        (SECP256K1, secp256k1_step, SECP256K1.order + 1),
        (SECP256K1, secp256k1_step, 2**256 - 1),
        (SECP256K1, secp256k1_step, SECP256K1.order - 77),
        (ED25519, ed25519_step, 0),
        (ED25519, ed25519_step, ED25519.order),
        (ED25519, ed25519_step, 9 * ED25519.order),
        (ED25519, ed25519_step, ED25519.order - 77),
        (ED25519, ed25519_step, 2 * ED25519.order - 77),
    ],
)
def test_derive__should_refuse_an_index_without_a_key(
    monkeypatch: pytest.MonkeyPatch, group: Group, step: Callable[[int], bytes], tweak: int
) -> None:
    """A tweak of 0, one that is no scalar, the identity: no search finds them, so no hash."""
    monkeypatch.setattr("zrsign_dmpc.group.derivation.hmac.digest", lambda *_: step(tweak))
    with pytest.raises(NoSuchChild, match="take 4"):
        derive(group.base_mul(77), bytes(32), [3])


@pytest.mark.parametrize(("group", "step"), [(SECP256K1, secp256k1_step), (ED25519, ed25519_step)])
@pytest.mark.parametrize("back", [0, -5])
def test_derive__should_refuse_a_path_that_comes_back_to_its_parent_or_root(
    monkeypatch: pytest.MonkeyPatch, group: Group, step: Callable[[int], bytes], back: int
) -> None:
    def tweak(code: bytes, data: bytes, _: str) -> bytes:
        return step(5 if data[-4:] == bytes(4) else back % group.order)

    monkeypatch.setattr("zrsign_dmpc.group.derivation.hmac.digest", tweak)
    assert derive(group.base_mul(77), bytes(32), [0]).public_key == group.base_mul(82)
    with pytest.raises(NoSuchChild):
        derive(group.base_mul(77), bytes(32), [0, 1])


def test_parse_path__should_read_indices_and_refuse_the_rest() -> None:
    assert parse_path("m") == ()
    assert parse_path("m/0/7/2147483647") == (0, 7, 2**31 - 1)
    for text in ("m/0'", "m/44h", "m/1H", "m/2147483648"):
        with pytest.raises(HardenedIndex):
            parse_path(text)
    for text in ("", "0/1", "m/", "m//1", "m/-1", "m/x", "m/\u0661", "/m"):
        with pytest.raises(ParameterError):
            parse_path(text)
