"""Accounts for which several keys sign, and what amino JSON cannot say.

`test_cosmjs.py` compares the documents and the addresses with those that CosmJS makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.timestamp_pb2 import Timestamp

from tests.zrchain_lite.chain import ALICE, BOB, CAROL, CHAIN_ID, FEE, GAS, NOBODY, Chain, transfer
from zrchain_lite import amino
from zrchain_lite.account_keys import AccountKey
from zrchain_lite.client import Account
from zrchain_lite.errors import TxRejected
from zrchain_lite.gas import TRANSACTION
from zrchain_lite.tx import pack, sign_bytes, sign_low_s
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.cosmos.crypto.multisig.keys_pb2 import LegacyAminoPubKey
from zrchain_lite.wire.cosmos.crypto.multisig.v1beta1.multisig_pb2 import (
    CompactBitArray,
    MultiSignature,
)
from zrchain_lite.wire.cosmos.crypto.secp256k1.keys_pb2 import PubKey
from zrchain_lite.wire.cosmos.feegrant.v1beta1.feegrant_pb2 import BasicAllowance
from zrchain_lite.wire.cosmos.tx.signing.v1beta1.signing_pb2 import (
    SIGN_MODE_DIRECT,
    SIGN_MODE_LEGACY_AMINO_JSON,
    SIGN_MODE_TEXTUAL,
    SignMode,
)
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import (
    AuthInfo,
    Fee,
    ModeInfo,
    SignerInfo,
    TxBody,
    TxRaw,
)
from zrchain_lite.wire.zrchain.policy.policy_pb2 import (
    BoolparserPolicy,
    MsgNewPolicy,
    PolicyParticipant,
)
from zrchain_lite.wire.zrchain.treasury.treasury_pb2 import MsgFulfilKeyRequest

MEMBERS = (ALICE, BOB, CAROL)
KEY = AccountKey(tuple(each.public_key for each in MEMBERS), 2)
SHARED = KEY.address()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """A chain on which the shared account has coins."""
    made = Chain(tmp_path)
    to_shared = transfer(ALICE, BOB, 1000)
    to_shared.to_address = SHARED
    made.block(made.tx(ALICE, to_shared))
    yield made
    made.close()


def shared_tx(
    chain: Chain,
    signers: Sequence[Account] = (ALICE, CAROL),
    *,
    bits: bytes = b"\xa0",
    extra: int = 3,
    mode: SignMode = SIGN_MODE_LEGACY_AMINO_JSON,
    modes: int | None = None,
    key: Packed | None = None,
) -> bytes:
    """A transfer from the shared account to Bob, signed by some."""
    message = transfer(ALICE, BOB, 5)
    message.from_address = SHARED
    account = chain.keepers.auth.account(chain.ctx, SHARED)
    count = len(signers) if modes is None else modes
    info = SignerInfo(public_key=KEY.packed() if key is None else key, sequence=account.sequence)
    info.mode_info.multi.bitarray.CopyFrom(CompactBitArray(extra_bits_stored=extra, elems=bits))
    info.mode_info.multi.mode_infos.extend(
        [ModeInfo(single=ModeInfo.Single(mode=mode)) for _ in range(count)]
    )
    body = TxBody(messages=[pack(message)])
    fee = Fee(amount=[Coin(denom="urock", amount=str(FEE))], gas_limit=GAS)
    auth_info = AuthInfo(signer_infos=[info], fee=fee)
    raw = TxRaw(body_bytes=body.SerializeToString(), auth_info_bytes=auth_info.SerializeToString())
    number = account.account_number
    document = (
        sign_bytes(raw, CHAIN_ID, number)
        if mode == SIGN_MODE_DIRECT
        else amino.sign_bytes(body, auth_info, CHAIN_ID, number, account.sequence)
    )
    digest = sha256(document).digest()
    signed = MultiSignature(signatures=[sign_low_s(each.secret, digest) for each in signers])
    raw.signatures.append(signed.SerializeToString())
    return raw.SerializeToString()


@pytest.mark.parametrize("mode", [SIGN_MODE_LEGACY_AMINO_JSON, SIGN_MODE_DIRECT])
def test_shared_account__should_move_when_enough_sign(chain: Chain, mode: SignMode) -> None:
    record = chain.block(shared_tx(chain, mode=mode))
    assert record.results.tx_results[0].code == 0
    assert chain.keepers.auth.account(chain.ctx, SHARED).sequence == 1
    assert chain.keepers.auth.public_key(chain.ctx, SHARED) is None
    assert chain.keepers.bank.balance(chain.ctx, SHARED) == 1000 - 5 - FEE
    three = shared_tx(chain, MEMBERS, bits=b"\xe0")
    assert chain.block(three).results.tx_results[0].code == 0


def test_gas__should_be_paid_for_each_signature(chain: Chain) -> None:
    two = chain.app.check_only(shared_tx(chain)).gas_used
    three = chain.app.check_only(shared_tx(chain, MEMBERS, bits=b"\xe0"))
    assert three.gas_used > two + 1000


def test_simulation__should_charge_for_as_many_keys_as_must_sign(chain: Chain) -> None:
    """A wallet does not name those who will sign before it knows the fee."""
    raw = TxRaw.FromString(shared_tx(chain))
    auth = AuthInfo.FromString(raw.auth_info_bytes)
    auth.signer_infos[0].ClearField("mode_info")
    raw.auth_info_bytes = auth.SerializeToString()
    del raw.signatures[:]
    of_alice = TxRaw.FromString(chain.tx(ALICE, transfer(ALICE, BOB, 5)))

    def signatures_gas(raw: TxRaw) -> int:
        tx = raw.SerializeToString()
        meter, _ = chain.checked(tx, simulate=True)
        return meter.used - TRANSACTION - len(tx) * params.tx_size_cost_per_byte

    params = chain.keepers.auth.params(chain.ctx)
    assert signatures_gas(raw) == 2 * params.sig_verify_cost_secp256k1
    assert signatures_gas(of_alice) == params.sig_verify_cost_secp256k1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"signers": (ALICE,), "bits": b"\x80"}, 4),
        ({"signers": (ALICE, NOBODY)}, 4),
        ({"signers": (CAROL, ALICE)}, 4),
        ({"signers": (ALICE, ALICE)}, 4),
        ({"signers": (ALICE,), "modes": 2}, 4),
        ({"signers": (ALICE, BOB, CAROL), "modes": 2}, 4),
        ({"modes": 1}, 4),
        ({"bits": b"\xb0", "modes": 3}, 4),
        ({"bits": b"\xa0\x00", "extra": 3}, 4),
        ({"bits": b"\xa0", "extra": 0}, 4),
        ({"bits": b"", "extra": 0}, 4),
        ({"bits": b"", "extra": 3}, 4),
        ({"bits": b"\xa0", "extra": 2**32 - 1}, 4),
        ({"bits": b"\x00" * 1_000, "extra": 3}, 4),
        ({"mode": SIGN_MODE_TEXTUAL}, 37),
        ({"key": AccountKey(KEY.keys, 1).packed()}, 8),
        ({"key": AccountKey(KEY.keys[:2], 2).packed()}, 8),
        ({"key": AccountKey(KEY.keys, 4).packed()}, 8),
        ({"key": pack(LegacyAminoPubKey(threshold=1))}, 8),
        ({"key": pack(LegacyAminoPubKey(threshold=1, public_keys=[KEY.packed()]))}, 8),
        ({"key": pack(LegacyAminoPubKey(threshold=1, public_keys=[pack(PubKey(key=b"a"))]))}, 8),
        ({"key": pack(PubKey(key=ALICE.public_key))}, 8),
        ({"key": AccountKey(KEY.keys * 50, 2).packed()}, 8),
    ],
)
def test_shared_account__should_not_move_otherwise(
    chain: Chain, options: dict[str, object], code: int
) -> None:
    check = chain.send(shared_tx(chain, **options))  # type: ignore[arg-type]
    assert (check.codespace, check.code) == ("sdk", code), check.log


def test_keys_of_a_transaction__should_not_be_more_than_its_limit(tmp_path: Path) -> None:
    many = AccountKey(tuple(KEY.keys) * 3, 2)
    chain = Chain(tmp_path)
    to_many = transfer(ALICE, BOB, 1000)
    to_many.to_address = many.address()
    chain.block(chain.tx(ALICE, to_many))
    message = transfer(ALICE, BOB)
    message.from_address = many.address()
    info = SignerInfo(public_key=many.packed())
    info.mode_info.multi.bitarray.CopyFrom(CompactBitArray(extra_bits_stored=1, elems=b"\xc0\x00"))
    info.mode_info.multi.mode_infos.extend([ModeInfo(single=ModeInfo.Single())] * 2)
    body = TxBody(messages=[pack(message)])
    fee = Fee(amount=[Coin(denom="urock", amount=str(FEE))], gas_limit=GAS)
    raw = TxRaw(
        body_bytes=body.SerializeToString(),
        auth_info_bytes=AuthInfo(signer_infos=[info], fee=fee).SerializeToString(),
        signatures=[b""],
    )
    check = chain.send(raw.SerializeToString())
    assert (check.code, check.codespace) == (14, "sdk"), check.log
    chain.close()


def test_document__should_show_what_messages_hold() -> None:
    policy = BoolparserPolicy(definition="a > 0", participants=[PolicyParticipant(address="a")])
    message = MsgNewPolicy(creator="zen1", policy=pack(policy), btl=2**63)
    document = amino.sign_bytes(TxBody(messages=[pack(message)]), AuthInfo(), "chain", 0, 1)
    assert document == (
        b'{"account_number":"0","chain_id":"chain","fee":{"amount":[],"gas":"0"},"memo":"",'
        b'"msgs":[{"type":"/zrchain.policy.MsgNewPolicy","value":{"btl":"9223372036854775808",'
        b'"creator":"zen1","policy":{"type":"/zrchain.policy.BoolparserPolicy","value":'
        b'{"definition":"a \\u003e 0","participants":[{"address":"a"}]}}}}],"sequence":"1"}'
    )


def test_document__should_name_who_pays() -> None:
    fee = Fee(gas_limit=7, payer="zen1p", granter="zen1g")
    document = json.loads(amino.sign_bytes(TxBody(), AuthInfo(fee=fee), "chain", 0, 1))
    assert document["fee"] == {"amount": [], "gas": "7", "granter": "zen1g", "payer": "zen1p"}


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({}, None),
        (
            {"reject_reason": "no"},
            {
                "type": "/zrchain.treasury.MsgFulfilKeyRequest.reject_reason",
                "value": {"reject_reason": "no"},
            },
        ),
        (
            {"key": {"public_key": b"k"}},
            {
                "type": "/zrchain.treasury.MsgFulfilKeyRequest.key",
                "value": {"key": {"public_key": "aw=="}},
            },
        ),
    ],
)
def test_document__should_name_the_one_of_several_that_is_set(
    answer: dict[str, Any], shown: object
) -> None:
    body = TxBody(messages=[pack(MsgFulfilKeyRequest(creator="zen1", **answer))])
    document = json.loads(amino.sign_bytes(body, AuthInfo(), "chain", 0, 1))
    assert document["msgs"][0]["value"] == {"creator": "zen1", "Result": shown}


def test_document__should_refuse_one_of_several_without_a_name() -> None:
    body = TxBody(messages=[pack(ModeInfo(single=ModeInfo.Single(mode=SIGN_MODE_DIRECT)))])
    with pytest.raises(TxRejected, match="DIRECT"):
        amino.sign_bytes(body, AuthInfo(), "chain", 0, 1)


@pytest.mark.parametrize(
    ("nanos", "shown"),
    [
        (0, "2100-01-01T00:00:00Z"),
        (5_000_000, "2100-01-01T00:00:00.005Z"),
        (1, "2100-01-01T00:00:00.000000001Z"),
        (120_000_000, "2100-01-01T00:00:00.12Z"),
    ],
)
def test_document__should_write_moments_as_go_does(nanos: int, shown: str) -> None:
    """Source: Cosmos SDK 0.50, x/tx/signing/aminojson/time.go, which uses Go's RFC3339Nano."""
    moment = Timestamp(seconds=4_102_444_800, nanos=nanos)
    body = TxBody(messages=[pack(BasicAllowance(expiration=moment))])
    document = json.loads(amino.sign_bytes(body, AuthInfo(), "chain", 0, 1))
    assert document["msgs"] == [
        {"type": "cosmos-sdk/BasicAllowance", "value": {"spend_limit": [], "expiration": shown}}
    ]
