"""FROST byte for byte: RFC 9591 Appendix E, further vectors, and BIP 340's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.zrsign_dmpc.bip340 import CASES, Case
from tests.zrsign_dmpc.builders import deal
from tests.zrsign_dmpc.rfc9591 import E1, E5, Vector
from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.frost import BIP340, ED25519_SHA512, SECP256K1_SHA256, SigningPackage, Suite
from zrsign_dmpc.frost.signing import NoncePair, generate_nonces
from zrsign_dmpc.frost.suites import expand_message_xmd, x_only
from zrsign_dmpc.frost.taproot import output_info, tweak_of
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.group.sharing import evaluate
from zrsign_dmpc.kept.keys import KeyInfo, KeyShare

SUITES = {
    "ed25519": ED25519_SHA512,
    "secp256k1": SECP256K1_SHA256,
    "secp256k1-tr": BIP340,
}


def key_of(suite: Suite, threshold: int, public_key: str, shares: dict[int, str]) -> list[KeyShare]:
    group = suite.group
    secrets = {i: group.decode_scalar(bytes.fromhex(x)) for i, x in sorted(shares.items())}
    info = KeyInfo(
        group=group,
        threshold=threshold,
        public_key=group.decode(bytes.fromhex(public_key)),
        verification_shares=tuple((i, group.base_mul(x)) for i, x in secrets.items()),
        chain_code=b"",
        epoch=0,
        execution_id=b"",
    )
    return [KeyShare(info, i, x) for i, x in secrets.items()]


def nonces_from(suite: Suite, share: KeyShare, hiding: str, binding: str) -> NoncePair:
    randomness = iter((bytes.fromhex(hiding), bytes.fromhex(binding)))
    return generate_nonces(suite, share, lambda _: next(randomness))


@pytest.mark.parametrize("vector", [E1, E5], ids=["E.1 Ed25519", "E.5 secp256k1"])
def test_frost__should_reproduce_rfc_9591(vector: Vector) -> None:
    suite, scalar = vector.suite, vector.suite.group.encode_scalar
    shares = {i: signer.share for i, signer in vector.signers.items()} | {2: vector.share_of_2}
    key = {s.index: s for s in key_of(suite, 2, vector.public_key, shares)}
    polynomial = [
        suite.group.decode_scalar(bytes.fromhex(x)) for x in (vector.secret, vector.coefficient)
    ]
    assert all(evaluate(polynomial, i, suite.group.order) == key[i].secret for i in key)
    assert key[1].info.is_consistent()

    nonces = {}
    for i, signer in vector.signers.items():
        pair = nonces_from(suite, key[i], signer.hiding_randomness, signer.binding_randomness)
        assert scalar(pair.hiding).hex() == signer.hiding_nonce
        assert scalar(pair.binding).hex() == signer.binding_nonce
        assert pair.commitment.hiding.encode().hex() == signer.hiding_commitment
        assert pair.commitment.binding.encode().hex() == signer.binding_commitment
        nonces[i] = pair
    package = SigningPackage(
        suite, key[1].info, vector.message, tuple(pair.commitment for pair in nonces.values())
    )
    made = {}
    for i, signer in vector.signers.items():
        assert scalar(package.binding_factors[i]).hex() == signer.binding_factor
        made[i] = package.sign(key[i], nonces[i])
        assert scalar(made[i]).hex() == signer.signature_share
        assert package.is_valid_share(i, made[i])
    assert package.aggregate(made).hex() == vector.signature


@pytest.mark.parametrize("kind", ["vectors", "vectors-big-identifier"])
@pytest.mark.parametrize("name", SUITES)
def test_frost__should_reproduce_further_vectors(
    name: str, kind: str, vectors: Callable[[str], Any]
) -> None:
    suite, vector = SUITES[name], vectors("frost.json")[name][kind]
    inputs, scalar = vector["inputs"], suite.group.encode_scalar
    shares = {s["identifier"]: s["participant_share"] for s in inputs["participant_shares"]}
    threshold = int(vector["config"]["MIN_PARTICIPANTS"])
    key = {s.index: s for s in key_of(suite, threshold, inputs["verifying_key_key"], shares)}
    rounds = vector["round_one_outputs"]["outputs"]
    nonces = {
        o["identifier"]: nonces_from(
            suite,
            key[o["identifier"]],
            o["hiding_nonce_randomness"],
            o["binding_nonce_randomness"],
        )
        for o in rounds
    }
    info = next(iter(key.values())).info
    commitments = tuple(pair.commitment for pair in nonces.values())
    package = SigningPackage(suite, info, bytes.fromhex(inputs["message"]), commitments)
    for output in rounds:
        factor = package.binding_factors[output["identifier"]]
        assert scalar(factor).hex() == output["binding_factor"]
    made = {i: package.sign(key[i], pair) for i, pair in nonces.items()}
    for output in vector["round_two_outputs"]["outputs"]:
        assert scalar(made[output["identifier"]]).hex() == output["sig_share"]
    assert package.aggregate(made).hex() == vector["final_output"]["sig"]


@pytest.mark.parametrize("name", SUITES)
def test_group__should_refuse_the_invalid_element_of_the_vectors(
    name: str, vectors: Callable[[str], Any]
) -> None:
    element = vectors("frost.json")[name]["elements"]["elements"]["invalid_element"]
    with pytest.raises(EncodingError):
        SUITES[name].group.decode(bytes.fromhex(element))


@pytest.mark.parametrize("case", CASES, ids=[f"vector {i}" for i in range(len(CASES))])
def test_bip340_suite__should_hash_and_verify_as_bip340_says(case: Case) -> None:
    data, sig = bytes.fromhex(case.message), bytes.fromhex(case.r + case.s)
    try:
        key = SECP256K1.decode(b"\x02" + bytes.fromhex(case.public_key))
    except EncodingError:
        assert not case.valid
        return
    for either_y in (key, -key):
        assert BIP340.verify(either_y, data, sig) == case.valid
    if case.valid:
        commitment = SECP256K1.decode(b"\x02" + sig[:32])
        z = SECP256K1.decode_scalar(sig[32:])
        c = BIP340.challenge(commitment, key, data)
        assert SECP256K1.base_mul(z) == commitment + c * key
        assert BIP340.encode_signature(commitment, z) == sig


@pytest.mark.parametrize(
    ("internal_key", "merkle_root", "tweak", "output_key"),
    [
        (
            "d6889cb081036e0faefa3a35157ad71086b123b2b144b649798b494c300a961d",
            "",
            "b86e7be8f39bab32a6f2c0443abbc210f0edac0e2c53d501b36b64437d9c6c70",
            "53a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343",
        ),
        (
            "187791b6f712a8ea41c8ecdd0ee77fab3e85263b37e1ec18a3651926b3a6cf27",
            "5b75adecf53548f3ec6ad7d78383bf84cc57b55a3127c72b9a2481752dd88b21",
            "cbd8679ba636c1110ea247542cfbd964131a6be84f873f7f3b62a777528ed001",
            "147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3",
        ),
    ],
)
@pytest.mark.parametrize("parity", [2, 3])
def test_taproot__should_tweak_as_bip341_says(
    internal_key: str, merkle_root: str, tweak: str, output_key: str, parity: int
) -> None:
    """BIP 341 wallet-test-vectors.json, scriptPubKey."""
    share = deal(SECP256K1, 2, [1, 2], "any")[0]
    key = SECP256K1.decode(bytes((parity,)) + bytes.fromhex(internal_key))
    info = replace(share.info, public_key=key)
    root = bytes.fromhex(merkle_root)
    assert tweak_of(info, root) == int(tweak, 16)
    assert x_only(output_info(info, root).public_key).hex() == output_key


@pytest.mark.parametrize(
    ("message", "length", "expected"),
    [
        (b"", 32, "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"),
        (b"abc", 32, "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"),
    ],
)
def test_expand_message_xmd__should_match_rfc_9380(
    message: bytes, length: int, expected: str
) -> None:
    """RFC 9380 Appendix K.1."""
    dst = b"QUUX-V01-CS02-with-expander-SHA256-128"
    assert expand_message_xmd(message, dst, length).hex() == expected
