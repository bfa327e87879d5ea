"""What an operator sees of the ledger."""

from __future__ import annotations

import pytest

from tests.zrsign_operator.fake_ledger import (
    ECDSA,
    ED25519,
    KEYRING,
    Ledger,
    Node,
    account,
    cast_client,
)
from tests.zrsign_operator.test_approval import (
    DIGEST,
    evm_transaction,
    network,
    request,
    sighash,
    transfer,
)
from zrchain_lite.client import LedgerUnavailable
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign_dmpc.ecdsa import PAILLIER_2048
from zrsign_operator.errors import NotAMember
from zrsign_operator.ledger.approval import Scheme
from zrsign_operator.ledger.view import LOOKED_UP, LedgerKey, LedgerView
from zrsign_operator.peers.members import KeyringSettings
from zrsign_operator.sources.seen import Seen


@pytest.fixture
def node() -> Node:
    ledger = Ledger()
    ledger.set_group(2, (1, 2, 3))
    ledger.groups[0].level = PAILLIER_2048.name
    return Node(ledger)


@pytest.fixture
def ledger_view(node: Node) -> LedgerView:
    return LedgerView(cast_client(node), KEYRING)


async def test_open_requests__should_be_seen_with_their_answers(
    node: Node, ledger_view: LedgerView
) -> None:
    ledger = node.ledger
    key = ledger.ask_key(ED25519)
    ledger.keys[key].public_key = b"public key"
    ledger.keys[key].keyring_party_signatures.add(creator="zen1")
    signer = ledger.add_key(ECDSA, b"another", 90)
    sign = ledger.ask_signature(signer, DIGEST)
    ledger.signatures[sign].signed_data.add(sign_request_id=sign, signed_data=b"signature")
    ledger.signatures[sign].keyring_party_sigs.add(creator="zen2")
    refused = ledger.ask_signature(signer, b"not 32 bytes")
    view = await ledger_view.read()
    asked = view.keys[key]
    assert (asked.wallet.key_type, asked.wallet.public_key) == (ED25519, b"public key")
    assert asked.answered == {"zen1"}
    signing = view.signatures[sign]
    assert (signing.approved.key_id, signing.approved.scheme) == (signer, Scheme.ECDSA)
    assert signing.approved.beacon == ledger.approvals[sign]
    assert signing.signature == b"signature"
    assert signing.answered == {"zen2"}
    assert view.refused == {refused: "wrong_data_length: ecdsa signs 32 bytes, not 12"}
    # They end.
    ledger.keys.clear()
    ledger.signatures.clear()
    view = await ledger_view.read()
    assert (view.keys, view.signatures, view.refused) == ({}, {}, {})


async def test_request_of_a_transaction__should_be_judged_with_its_root(
    node: Node, ledger_view: LedgerView
) -> None:
    unsigned = transfer(5)
    root = request(sighash(unsigned), metadata=network(), child_req_ids=[6, 7])
    node.ledger.roots[5] = root
    node.ledger.approvals[5] = b"b" * 32
    node.ledger.transactions.append(evm_transaction(unsigned))
    node.ledger.signatures[6] = request(sighash(unsigned), id=6, parent_req_id=5)
    node.ledger.signatures[9] = request(sighash(unsigned), id=9, parent_req_id=5)
    view = await ledger_view.read()
    assert view.signatures.keys() == {6}
    assert view.signatures[6].approved.beacon == b"b" * 32
    assert view.refused == {9: "the request is no part of its transaction"}


async def test_request_whose_event_is_not_there__should_neither_be_signed_nor_refused(
    node: Node,
) -> None:
    ledger = node.ledger
    signer = ledger.add_key(ECDSA, b"public key", 90)
    signed, waits, refused = (ledger.ask_signature(signer, DIGEST) for _ in range(3))
    asked, waiting = ledger.ask_key(ED25519), ledger.ask_key(ED25519)
    found = Seen({refused: "not_asked"}, frozenset([waits]), frozenset([waiting]))

    class Looking:
        async def look(self, work: wire.QueryWorkResponse, settings: KeyringSettings) -> Seen:
            assert {each.id for each in work.signatures} == {signed, waits, refused}
            return found

    view = await LedgerView(cast_client(node), KEYRING, sources=Looking()).read()
    assert view.signatures.keys() == {signed}
    assert view.refused == {refused: "not_asked"}
    assert view.keys.keys() == {asked}


async def test_beacon__should_stay_what_it_was_when_the_request_was_first_seen(
    node: Node, ledger_view: LedgerView
) -> None:
    signer = node.ledger.add_key(ECDSA, b"public key", 90)
    sign = node.ledger.ask_signature(signer, DIGEST)
    seen = node.ledger.approvals[sign]
    for beacon in (seen, b"x" * 32):
        node.ledger.approvals[sign] = beacon
        assert (await ledger_view.read()).signatures[sign].approved.beacon == seen


async def test_request_of_an_unknown_block__should_be_refused(
    node: Node, ledger_view: LedgerView
) -> None:
    """It was open when the ledger was of the version before."""
    signer = node.ledger.add_key(ECDSA, b"public key", 90)
    sign = node.ledger.ask_signature(signer, DIGEST)
    node.ledger.approvals.clear()
    assert "no_beacon" in (await ledger_view.read()).refused[sign]


async def test_settings__should_be_read_when_they_change(
    node: Node, ledger_view: LedgerView
) -> None:
    view = await ledger_view.read()
    await ledger_view.read()
    assert node.asked.count("Settings") == 1
    assert view.settings.group.indices == (1, 2, 3)
    assert view.settings.group.level is PAILLIER_2048
    assert view.settings.member_with(view.settings.members[2].identity).party == account(2).address
    node.ledger.order_refresh()
    node.ledger.pardon(3)
    settings = (await ledger_view.read()).settings
    assert (settings.refresh, settings.pardons) == (1, {3: 1})
    assert node.asked.count("Settings") == 2
    node.ledger.groups[0].level = "PAILLIER_9000"
    node.ledger.version += 1
    with pytest.raises(NotAMember, match="update it"):
        await ledger_view.read()


async def test_key__should_be_looked_up_when_it_is_wanted(
    node: Node, ledger_view: LedgerView
) -> None:
    node.ledger.add_key(ED25519, b"mine", 7)
    node.ledger.add_key(ED25519, b"another keyring's", 8)
    node.ledger.known_keys[8].keyring_addr = "keyring1other"
    assert (await ledger_view.read()).known_keys == {}
    for number in (7, 8, 9):
        ledger_view.want_key(number)
    known = {7: LedgerKey(b"mine", ED25519)}
    assert (await ledger_view.read()).known_keys == known
    assert node.asked.count("KeyByID") == 3
    # What is known is not asked again; what was not there may be there later.
    node.ledger.add_key(ED25519, b"new", 9)
    for number in (7, 9):
        ledger_view.want_key(number)
    assert (await ledger_view.read()).known_keys == known | {9: LedgerKey(b"new", ED25519)}
    assert node.asked.count("KeyByID") == 4


async def test_keys__should_be_looked_up_a_few_at_a_time(
    node: Node, ledger_view: LedgerView
) -> None:
    for number in range(1, LOOKED_UP + 11):
        node.ledger.add_key(ED25519, b"%d" % number, number)
        ledger_view.want_key(number)
    assert len((await ledger_view.read()).known_keys) == LOOKED_UP
    assert len((await ledger_view.read()).known_keys) == LOOKED_UP + 10


async def test_reports__should_be_those_of_the_party(node: Node, ledger_view: LedgerView) -> None:
    for party in ("zen1", "zen2"):
        node.ledger.take(wire.MsgReportKeyEpoch(creator=party, key_id=7, key_digest=party.encode()))
        node.ledger.take(
            wire.MsgReportFault(creator=party, culprit=3, evidence_digest=b"d" + party.encode())
        )
    assert await ledger_view.reported("zen1") == {(b"zen1", 7), (b"dzen1", 3)}


async def test_node_that_is_down__should_be_an_error(node: Node, ledger_view: LedgerView) -> None:
    node.down = True
    with pytest.raises(LedgerUnavailable):
        await ledger_view.read()
