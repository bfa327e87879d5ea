"""Durable nonce accounts that the relayer makes and pays for.

A blockhash expires after some 80 seconds, and an approval that takes longer is lost with it. So a
wallet whose payment went stale while it waited for approvals gets a nonce account: at an address
that follows from payer and wallet, under the wallet's own authority, so that nobody else can
advance it. The payer's lamports in it are the wallet's from then on.
"""

from __future__ import annotations

from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM
from solders.system_program import (
    CreateAccountWithSeedParams,
    InitializeNonceAccountParams,
    create_account_with_seed,
    initialize_nonce_account,
)
from solders.transaction import Transaction

ACCOUNT_BYTES = 80
SEED_CHARS = 32
"""The most characters that a seed has; a wallet's address is cut to them."""


class NoncePayer:
    """Pays for nonce accounts with the account of this 32-byte Ed25519 secret."""

    def __init__(self, secret: bytes) -> None:
        self._key = Keypair.from_seed(secret)

    def address_for(self, wallet: str) -> str:
        """The nonce account of a wallet, whether it was made or not."""
        return str(self._place(wallet))

    def creation(self, wallet: str, blockhash: str, rent: int) -> bytes:
        """The signed transaction that makes a wallet's nonce account with `rent` lamports."""
        payer, account = self._key.pubkey(), self._place(wallet)
        made = create_account_with_seed(
            CreateAccountWithSeedParams(
                from_pubkey=payer,
                to_pubkey=account,
                base=payer,
                seed=wallet[:SEED_CHARS],
                lamports=rent,
                space=ACCOUNT_BYTES,
                owner=SYSTEM_PROGRAM,
            )
        )
        owned = initialize_nonce_account(
            InitializeNonceAccountParams(nonce_pubkey=account, authority=Pubkey.from_string(wallet))
        )
        recent = Hash.from_string(blockhash)
        message = Message.new_with_blockhash([made, owned], payer, recent)
        return bytes(Transaction([self._key], message, recent))

    def _place(self, wallet: str) -> Pubkey:
        seed = wallet[:SEED_CHARS]
        return Pubkey.create_with_seed(self._key.pubkey(), seed, SYSTEM_PROGRAM)
