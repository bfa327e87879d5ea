"""What the ledger takes for a payment in an SPL token, and what may not be slipped in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import Message
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from tests.zrsign_chains.builders import BLOCKHASH, LOCALNET, SOLANA_ALICE, SOLANA_BOB, SOLANA_NONCE
from tests.zrsign_chains.test_solana import pay
from zrsign_chains import DataNotSupported, Intent, IntentMismatch, InvalidAmount
from zrsign_chains.solana import SolanaChain
from zrsign_chains.solana_tokens import ACCOUNT_RENT, payment, token_account

CHAIN = SolanaChain(LOCALNET)
ALICE, BOB, MINT = SOLANA_ALICE.pubkey(), SOLANA_BOB.pubkey(), SOLANA_NONCE.pubkey()
KEY = bytes(ALICE)
INTENT = Intent(str(BOB), 1_000, bytes(MINT), ACCOUNT_RENT + 10_000)

Calls = list[Instruction]


def calls(intent: Intent = INTENT, to: Pubkey = BOB, *, create: bool = True) -> Calls:
    return payment(KEY, bytes(to), intent, 6, create=create)


def check(made: Calls, intent: Intent = INTENT) -> None:
    message = Message.new_with_blockhash(made, ALICE, Hash.from_string(BLOCKHASH))
    CHAIN.verify_intent(CHAIN.parse(bytes(message)), intent, KEY)


@pytest.mark.parametrize("create", [False, True])
def test_payment__should_pass_with_and_without_a_new_account(create: bool) -> None:
    check(calls(create=create))
    composed = CHAIN.compose(INTENT, KEY, BLOCKHASH, unit_limit=9_000, decimals=6, create=create)
    CHAIN.verify_intent(CHAIN.parse(composed), INTENT, KEY)


def test_account_of_a_wallet__should_be_where_others_look_for_it() -> None:
    assert token_account(bytes(BOB), bytes(MINT)) == bytes(get_associated_token_address(BOB, MINT))


def of_another_account(made: Calls) -> Calls:
    accounts = [*made[1].accounts]
    accounts[0] = AccountMeta(get_associated_token_address(BOB, MINT), False, True)
    return [made[0], Instruction(made[1].program_id, bytes(made[1].data), accounts)]


def unchecked(made: Calls) -> Calls:
    source, _, to, key = made[1].accounts
    return [Instruction(made[1].program_id, b"\x03" + bytes(made[1].data)[1:9], [source, to, key])]


def with_another_authority(made: Calls) -> Calls:
    accounts = [*made[1].accounts, AccountMeta(BOB, False, False)]
    return [Instruction(made[1].program_id, bytes(made[1].data), accounts)]


LIES: dict[str, Callable[[], Calls]] = {
    "another amount": lambda: calls(replace(INTENT, value=1_001)),
    "another mint": lambda: calls(replace(INTENT, data=bytes(BOB))),
    "another recipient": lambda: calls(to=ALICE),
    "an account for somebody else": lambda: [calls(to=ALICE)[0], calls()[1]],
    "an account of another mint": lambda: [calls(replace(INTENT, data=bytes(BOB)))[0], calls()[1]],
    "two accounts": lambda: [calls()[0], *calls()],
    "lamports as well": lambda: [*calls(), pay()],
    "lamports instead": lambda: [pay(1_000)],
    "twice": lambda: [*calls(), calls()[1]],
    "an account alone": lambda: calls()[:1],
    "another source": lambda: of_another_account(calls()),
    "an unchecked transfer": lambda: unchecked(calls()),
    "further accounts": lambda: with_another_authority(calls()),
    "nothing": list,
}


@pytest.mark.parametrize("lie", LIES)
def test_message_that_does_something_else__should_be_refused(lie: str) -> None:
    with pytest.raises(IntentMismatch):
        check(LIES[lie]())


def test_lamports__should_not_be_paid_in_a_token() -> None:
    with pytest.raises(IntentMismatch):
        check(calls(create=False), replace(INTENT, data=b""))


def test_cost_of_an_account__should_count_within_the_cap() -> None:
    with pytest.raises(IntentMismatch, match="above the cap"):
        check(calls(), replace(INTENT, max_network_fee=ACCOUNT_RENT))
    check(calls(create=False), replace(INTENT, max_network_fee=5_000))


def test_request__should_name_a_mint_or_nothing() -> None:
    CHAIN.require_payable(str(BOB), 1, b"")
    CHAIN.require_payable(str(BOB), 2**64 - 1, bytes(MINT))
    for data in (b"\x01", bytes(31), bytes(33)):
        with pytest.raises(DataNotSupported):
            CHAIN.require_payable(str(BOB), 1, data)
    with pytest.raises(InvalidAmount):
        CHAIN.require_payable(str(BOB), 2**64, bytes(MINT))
