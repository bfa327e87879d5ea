"""Payments in an SPL token: TransferChecked between associated token accounts.

A wallet's tokens of a mint lie in the account whose address follows from both (the Associated Token
Account program). The recipient's is made in the same transaction where it is missing, by
CreateIdempotent, at the payer's cost. Mints of the Token program only: those of Token-2022 may take
a part of what is transferred, so that less would arrive than was asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from solders.instruction import AccountMeta
from solders.instruction import Instruction as SoldersInstruction
from solders.pubkey import Pubkey

from zrsign_chains.chain import Intent
from zrsign_chains.errors import IntentMismatch
from zrsign_chains.solana_messages import ASSOCIATED_TOKEN, SYSTEM, TOKEN, Instruction, transfer

MINT_BYTES = 32
"""The data of a token payment is its mint."""
ACCOUNT_RENT = 2_039_280
"""Lamports that a token account of 165 bytes holds for as long as it is there."""
_CREATE_IDEMPOTENT = b"\x01"
_TRANSFER_CHECKED = 12


def token_account(owner: bytes, mint: bytes) -> bytes:
    """Return the address of the associated token account of a wallet for a mint."""
    seeds, program = [owner, TOKEN, mint], Pubkey.from_bytes(ASSOCIATED_TOKEN)
    return bytes(Pubkey.find_program_address(seeds, program)[0])


def payment(
    payer: bytes, to: bytes, intent: Intent, decimals: int, *, create: bool
) -> list[SoldersInstruction]:
    """Return the calls that pay `intent.value` units of the mint `intent.data` to the wallet `to`.

    `create`: the recipient's account is missing, and the payer makes it.
    """
    mint = intent.data
    recipient = token_account(to, mint)
    accounts = [
        AccountMeta(_key(token_account(payer, mint)), is_signer=False, is_writable=True),
        AccountMeta(_key(mint), is_signer=False, is_writable=False),
        AccountMeta(_key(recipient), is_signer=False, is_writable=True),
        AccountMeta(_key(payer), is_signer=True, is_writable=False),
    ]
    data = bytes([_TRANSFER_CHECKED]) + intent.value.to_bytes(8, "little") + bytes([decimals])
    pays = SoldersInstruction(_key(TOKEN), data, accounts)
    return [_creation(payer, to, mint), pays] if create else [pays]


def _creation(payer: bytes, owner: bytes, mint: bytes) -> SoldersInstruction:
    first = AccountMeta(_key(payer), is_signer=True, is_writable=True)
    made = AccountMeta(_key(token_account(owner, mint)), is_signer=False, is_writable=True)
    read = [
        AccountMeta(_key(each), is_signer=False, is_writable=False)
        for each in (owner, mint, SYSTEM, TOKEN)
    ]
    return SoldersInstruction(_key(ASSOCIATED_TOKEN), _CREATE_IDEMPOTENT, [first, made, *read])


def rent_of(calls: Sequence[Instruction]) -> int:
    """Return the lamports that calls to the Associated Token Account program may cost."""
    return ACCOUNT_RENT * sum(call.program == ASSOCIATED_TOKEN for call in calls)


def verify(calls: Sequence[Instruction], intent: Intent, public_key: bytes, to: bytes) -> None:
    """Raise `IntentMismatch` unless the calls pay what was asked, and make at most its account."""
    mint = intent.data
    recipient = token_account(to, mint)
    creations = [call for call in calls if call.program == ASSOCIATED_TOKEN]
    wanted = (public_key, recipient, to, mint, SYSTEM, TOKEN)
    for call in creations:
        if call.data != _CREATE_IDEMPOTENT or call.accounts != wanted:
            raise IntentMismatch("an account is made that is not the recipient's for this token")
    pays = [call for call in calls if call.program != ASSOCIATED_TOKEN]
    if len(creations) > 1 or len(pays) != 1:
        raise IntentMismatch(f"the message has {len(calls)} instructions beside its settings")
    found = transfer(pays[0])
    if found is None or found.contract != mint or pays[0].data[0] != _TRANSFER_CHECKED:
        raise IntentMismatch("the message's instruction is no checked transfer of the token")
    if found.source != token_account(public_key, mint) or pays[0].accounts[3:] != (public_key,):
        raise IntentMismatch("the tokens are not those of the key")
    if found.recipient != recipient or found.amount != intent.value:
        raise IntentMismatch(
            f"{found.amount} units are paid to {_key(found.recipient)}, not {intent.value} to "
            f"{_key(recipient)}"
        )


def _key(raw: bytes) -> Pubkey:
    return Pubkey.from_bytes(raw)
