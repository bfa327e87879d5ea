"""Payments in an SPL token on a real Surfpool, with the real token programs."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from solders.token.associated import get_associated_token_address
from solders.transaction import Transaction

from relayer.destinations.solana.composer import SolanaComposer
from relayer.settings import ComposerSettings
from tests.relayer.test_solana_composer import RULES, land, signed
from tests.relayer.test_solana_destination import LOCALNET, funded, latest
from zrsign_chains import Intent
from zrsign_chains.solana_messages import TOKEN, address_of
from zrsign_chains.solana_tokens import ACCOUNT_RENT, payment, token_account
from zrsign_daemon.composing import ComposeTask, Uncomposable
from zrsign_daemon.jsonrpc import JsonRpc

MINT_BYTES, MINT_RENT = 82, 1_461_600
DECIMALS, SUPPLY = 6, 1_000_000
CAP = 10**7


async def send(rpc: JsonRpc, calls: Sequence[Instruction], *keys: Keypair) -> None:
    blockhash = Hash.from_string(await latest(rpc))
    message = Message.new_with_blockhash(list(calls), keys[0].pubkey(), blockhash)
    transaction = Transaction(list(keys), message, blockhash)
    await land(rpc, bytes(transaction), str(transaction.signatures[0]))


def minted(mint: Pubkey, owner: Pubkey) -> list[Instruction]:
    """A mint of the owner's (InitializeMint2), and SUPPLY units in the owner's account (MintTo)."""
    program = Pubkey.from_bytes(TOKEN)
    made = CreateAccountParams(
        from_pubkey=owner, to_pubkey=mint, lamports=MINT_RENT, space=MINT_BYTES, owner=program
    )
    own = get_associated_token_address(owner, mint)
    intent = Intent(str(owner), 0, bytes(mint), 0)
    create, _ = payment(bytes(owner), bytes(owner), intent, DECIMALS, create=True)
    to_mint = [
        AccountMeta(mint, is_signer=False, is_writable=True),
        AccountMeta(own, is_signer=False, is_writable=True),
        AccountMeta(owner, is_signer=True, is_writable=False),
    ]
    return [
        create_account(made),
        Instruction(program, bytes([20, DECIMALS]) + bytes(owner) + b"\x00", to_mint[:1]),
        create,
        Instruction(program, b"\x07" + SUPPLY.to_bytes(8, "little"), to_mint),
    ]


@dataclass
class Purse:
    """A key that holds SUPPLY units of a token of its own."""

    rpc: JsonRpc
    key: Keypair
    mint: bytes

    @classmethod
    async def of(cls, rpc: JsonRpc) -> Purse:
        key, mint = await funded(rpc), Keypair()
        await send(rpc, minted(mint.pubkey(), key.pubkey()), key, mint)
        return cls(rpc, key, bytes(mint.pubkey()))

    def task(self, units: int, to: str, cap: int = CAP, mint: bytes = b"") -> ComposeTask:
        intent = Intent(to, units, mint or self.mint, cap)
        public_key = bytes(self.key.pubkey())
        return ComposeTask(1, LOCALNET, str(self.key.pubkey()), public_key, intent)

    async def compose(self, asked: ComposeTask) -> bytes:
        payload = await SolanaComposer(LOCALNET, self.rpc, ComposerSettings()).compose(asked)
        RULES.verify_intent(RULES.parse(payload), asked.intent, asked.public_key)
        return payload

    async def units(self, owner: str) -> int:
        account = address_of(token_account(bytes(Pubkey.from_string(owner)), self.mint))
        found: Any = await self.rpc.call("getTokenAccountBalance", account)
        return int(found["value"]["amount"])


@pytest.fixture
async def purse(surfnet: JsonRpc) -> Purse:
    return await Purse.of(surfnet)


async def test_first_payment__should_make_the_recipients_account(purse: Purse) -> None:
    recipient = str(Keypair().pubkey())
    first = await purse.compose(purse.task(250, recipient))
    assert RULES.parse(first).contract == address_of(purse.mint)
    await land(purse.rpc, *signed(purse.key, first))
    assert await purse.units(recipient) == 250
    second = await purse.compose(purse.task(50, recipient))
    assert len(RULES.parse(second).instructions) == len(RULES.parse(first).instructions) - 1
    await land(purse.rpc, *signed(purse.key, second))
    assert await purse.units(recipient) == 300
    assert await purse.units(str(purse.key.pubkey())) == SUPPLY - 300


async def test_payment_whose_account_is_made_meanwhile__should_land(purse: Purse) -> None:
    recipient = str(Keypair().pubkey())
    first = await purse.compose(purse.task(1, recipient))
    second = await purse.compose(purse.task(2, recipient))
    await land(purse.rpc, *signed(purse.key, first))
    await land(purse.rpc, *signed(purse.key, second))
    assert await purse.units(recipient) == 3


async def test_rent_of_the_account__should_count_within_the_cap(purse: Purse) -> None:
    recipient = str(Keypair().pubkey())
    needed = await purse.rpc.call("getMinimumBalanceForRentExemption", 165)
    assert needed == ACCOUNT_RENT
    with pytest.raises(Uncomposable, match="fee_above_cap"):
        await purse.compose(purse.task(1, recipient, cap=ACCOUNT_RENT))
    await purse.compose(purse.task(1, recipient, cap=ACCOUNT_RENT + 5_000))


async def test_what_cannot_be_paid__should_be_told_with_figures(purse: Purse) -> None:
    recipient = str(Keypair().pubkey())
    with pytest.raises(Uncomposable, match=f"holds {SUPPLY} units"):
        await purse.compose(purse.task(SUPPLY + 1, recipient))
    stranger = bytes(Keypair().pubkey())
    with pytest.raises(Uncomposable, match="unknown_token"):
        await purse.compose(purse.task(1, recipient, mint=stranger))
    own = address_of(token_account(bytes(purse.key.pubkey()), purse.mint))
    with pytest.raises(Uncomposable, match="not_a_wallet"):
        await purse.compose(purse.task(1, own))
    data = (await purse.rpc.call("getAccountInfo", own, {"encoding": "base64"}))["value"]["data"]
    assert int.from_bytes(base64.b64decode(data[0])[64:72], "little") == SUPPLY
