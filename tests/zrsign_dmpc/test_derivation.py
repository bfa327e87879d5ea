"""Derivation: BIP 32's own vectors, an independent wallet library, and threshold signatures."""

from __future__ import annotations

import hashlib

import pytest
from coincurve import PublicKeyXOnly
from embit.bip32 import HDKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import deal
from tests.zrsign_dmpc.handovers import sign
from zrsign_dmpc.errors import ParameterError
from zrsign_dmpc.frost import BIP340, output_share
from zrsign_dmpc.frost.taproot import tweak_of
from zrsign_dmpc.group.curves import ED25519, SECP256K1
from zrsign_dmpc.group.derivation import (
    MAX_DEPTH,
    HardenedIndex,
    NoSuchChild,
    UnsupportedGroup,
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


def test_derive_info__should_name_each_child_by_another_key_id() -> None:
    info = deal(SECP256K1, 2, [1, 2, 3], "hd")[0].info
    ids = {derive_info(info, path).key_id for path in [(), (0,), (1,), (0, 0)]}
    assert len(ids) == 4
    assert derive_info(info, ()) == info
    assert derive_info(info, (5, 6)) == derive_info(derive_info(info, (5,)), (6,))


def test_derive__should_refuse_ed25519() -> None:
    share = deal(ED25519, 2, [1, 2], "hd")[0]
    with pytest.raises(UnsupportedGroup, match="ed25519"):
        derive_share(share, [0])


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


def test_derive__should_refuse_an_index_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """I_L ≥ q cannot be found by search, so the hash is replaced."""
    info = deal(SECP256K1, 2, [1, 2], "hd")[0].info
    monkeypatch.setattr("zrsign_dmpc.group.derivation.hmac.digest", lambda *_: b"\xff" * 64)
    with pytest.raises(NoSuchChild):
        derive_info(info, [0])


def test_parse_path__should_read_indices_and_refuse_the_rest() -> None:
    assert parse_path("m") == ()
    assert parse_path("m/0/7/2147483647") == (0, 7, 2**31 - 1)
    for text in ("m/0'", "m/44h", "m/1H", "m/2147483648"):
        with pytest.raises(HardenedIndex):
            parse_path(text)
    for text in ("", "0/1", "m/", "m//1", "m/-1", "m/x", "m/\u0661", "/m"):
        with pytest.raises(ParameterError):
            parse_path(text)
