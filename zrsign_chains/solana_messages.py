"""Solana messages, legacy and version 0: strict reading, and what the instructions say.

Recognised: System transfers, SPL Token transfers (plain and checked), a leading durable nonce
advance, compute budget settings.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from solders.message import Message, MessageV0, from_bytes_versioned
from solders.pubkey import Pubkey

from zrsign_chains.chain import UnsignedTx
from zrsign_chains.errors import MalformedTransaction

MAX_TRANSACTION_BYTES = 1232
"""What fits into one packet: signatures and message."""
SIGNATURE_BYTES = 64


def _program(address: str) -> bytes:
    return bytes(Pubkey.from_string(address))


SYSTEM = bytes(32)
TOKEN = _program("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
COMPUTE_BUDGET = _program("ComputeBudget111111111111111111111111111111")
ASSOCIATED_TOKEN = _program("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
_MEMO = _program("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")

_SYSTEM_TRANSFER = 2
_ADVANCE_NONCE = 4
_TOKEN_TRANSFER = 3
_TOKEN_TRANSFER_CHECKED = 12
_SET_UNIT_LIMIT = 2
_SET_UNIT_PRICE = 3

_DEFAULT_UNITS_PER_INSTRUCTION = 200_000
_MAX_UNITS = 1_400_000
_LAMPORTS_PER_SIGNATURE = 5_000
_MICROLAMPORTS = 1_000_000

# Programs that move nothing to third parties; anything else beside a transfer hides who is paid.
_BYSTANDERS = frozenset({COMPUTE_BUDGET, ASSOCIATED_TOKEN, _MEMO})


@dataclass(frozen=True, slots=True)
class Instruction:
    """A call. An account is None when it comes from an address lookup table."""

    program: bytes
    accounts: tuple[bytes | None, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Transfer:
    """A recognised payment: lamports, or token units when `contract` is set."""

    source: bytes
    recipient: bytes
    amount: int
    contract: bytes | None = None


@dataclass(frozen=True, slots=True)
class SolanaTx(UnsignedTx):
    """An unsigned Solana message. `to` and `amount` are set when it makes exactly one transfer.

    `contract` is the mint of a checked token transfer, the token program of a plain one.
    `nonce_account` is set when the message starts with a durable nonce advance.
    """

    signers: tuple[bytes, ...]
    blockhash: str
    instructions: tuple[Instruction, ...]
    uses_lookup_tables: bool
    nonce_account: str | None

    @property
    def fee_lamports(self) -> int:
        """Signature fees and the highest priority fee the message allows."""
        limit, price = compute_budget(self.instructions)
        priority = -(-limit * price // _MICROLAMPORTS)
        return _LAMPORTS_PER_SIGNATURE * len(self.signers) + priority


def address_of(key: bytes) -> str:
    """Return base58 of 32 bytes."""
    return str(Pubkey.from_bytes(key))


def decode(payload: bytes) -> SolanaTx:
    """Read a serialized message without signatures; raises `MalformedTransaction`."""
    message = _read(payload)
    keys = [bytes(key) for key in message.account_keys]
    lookups = message.address_table_lookups if isinstance(message, MessageV0) else []
    loaded = sum(len(t.writable_indexes) + len(t.readonly_indexes) for t in lookups)
    _sanitize(message, keys, loaded)
    every: list[bytes | None] = [*keys, *[None] * loaded]
    instructions = tuple(
        Instruction(
            program=keys[call.program_id_index],
            accounts=tuple(every[index] for index in call.accounts),
            data=bytes(call.data),
        )
        for call in message.instructions
    )
    payment = None if loaded else _sole_transfer(instructions)
    nonce = advanced_nonce(instructions[0]) if instructions else None
    contract = payment.contract if payment else None
    return SolanaTx(
        raw=payload,
        to=address_of(payment.recipient) if payment else None,
        amount=payment.amount if payment else None,
        contract=address_of(contract) if contract else None,
        signers=tuple(keys[: message.header.num_required_signatures]),
        blockhash=str(message.recent_blockhash),
        instructions=instructions,
        uses_lookup_tables=bool(lookups),
        nonce_account=address_of(nonce[0]) if nonce else None,
    )


def _read(payload: bytes) -> Message | MessageV0:
    if len(payload) > MAX_TRANSACTION_BYTES:
        raise MalformedTransaction(
            f"a Solana transaction has at most {MAX_TRANSACTION_BYTES} bytes, not {len(payload)}"
        )
    if payload[:1] > b"\x80":
        raise MalformedTransaction(
            f"message version {payload[0] & 0x7F} is not supported; send legacy or version 0"
        )
    try:
        message = from_bytes_versioned(payload)
    except ValueError as error:
        raise MalformedTransaction(f"not a Solana message: {error}") from None
    if not isinstance(message, Message | MessageV0):
        raise MalformedTransaction("not a legacy or version 0 message")
    prefix = b"\x80" if isinstance(message, MessageV0) else b""
    if prefix + bytes(message) != payload:
        raise MalformedTransaction("not a Solana message in canonical form")
    return message


def _sanitize(message: Message | MessageV0, keys: Sequence[bytes], loaded: int) -> None:
    """Make the runtime's own checks: header counts, unique keys, indices in range."""
    header = message.header
    signers = header.num_required_signatures
    if not header.num_readonly_signed_accounts < signers:
        raise MalformedTransaction("the fee payer must be a writable signer")
    if signers + header.num_readonly_unsigned_accounts > len(keys):
        raise MalformedTransaction("the message header counts more accounts than there are")
    if len(set(keys)) != len(keys) or len(keys) + loaded > 256:
        raise MalformedTransaction("the message names an account twice, or more than 256")
    size = 1 + SIGNATURE_BYTES * signers + len(bytes(message))
    if size > MAX_TRANSACTION_BYTES:
        raise MalformedTransaction(
            f"with signatures the transaction has {size} bytes, above {MAX_TRANSACTION_BYTES}"
        )
    for call in message.instructions:
        if not 0 < call.program_id_index < len(keys):
            raise MalformedTransaction("an instruction names a program that is not in the message")
        if any(index >= len(keys) + loaded for index in call.accounts):
            raise MalformedTransaction("an instruction names an account that is not in the message")


def transfer(call: Instruction) -> Transfer | None:
    """Return the payment an instruction makes, None if it is no recognised transfer."""
    if call.program == SYSTEM and len(call.data) == 12:
        kind, amount = struct.unpack("<IQ", call.data)
        if kind == _SYSTEM_TRANSFER:
            return _transfer_between(call, 0, 1, amount, None)
    if call.program == TOKEN and len(call.data) == 9 and call.data[0] == _TOKEN_TRANSFER:
        return _transfer_between(call, 0, 1, _token_amount(call), TOKEN)
    if call.program == TOKEN and len(call.data) == 10 and call.data[0] == _TOKEN_TRANSFER_CHECKED:
        mint = call.accounts[1] if len(call.accounts) > 1 else None
        return _transfer_between(call, 0, 2, _token_amount(call), mint)
    return None


def _token_amount(call: Instruction) -> int:
    return int.from_bytes(call.data[1:9], "little")


def _transfer_between(
    call: Instruction, source: int, recipient: int, amount: int, contract: bytes | None
) -> Transfer | None:
    if len(call.accounts) <= recipient:
        return None
    payer, payee = call.accounts[source], call.accounts[recipient]
    if payer is None or payee is None:
        return None
    return Transfer(payer, payee, amount, contract)


def _sole_transfer(instructions: Sequence[Instruction]) -> Transfer | None:
    """Return the one transfer of a message whose other instructions pay nobody."""
    transfers = []
    for index, call in enumerate(instructions):
        found = transfer(call)
        if found is not None:
            transfers.append(found)
        elif call.program not in _BYSTANDERS and not (index == 0 and advanced_nonce(call)):
            return None
    return transfers[0] if len(transfers) == 1 else None


def advanced_nonce(call: Instruction) -> tuple[bytes, bytes] | None:
    """Return nonce account and authority of an AdvanceNonceAccount instruction, else None."""
    if call.program != SYSTEM or call.data != struct.pack("<I", _ADVANCE_NONCE):
        return None
    if len(call.accounts) < 3:
        return None
    nonce, authority = call.accounts[0], call.accounts[2]
    return (nonce, authority) if nonce is not None and authority is not None else None


def compute_budget(instructions: Sequence[Instruction]) -> tuple[int, int]:
    """Return compute unit limit and micro-lamports per unit that the message sets or implies."""
    limit, price, calls = None, 0, 0
    for call in instructions:
        if call.program != COMPUTE_BUDGET:
            calls += 1
        elif len(call.data) == 5 and call.data[0] == _SET_UNIT_LIMIT:
            limit = int.from_bytes(call.data[1:], "little")
        elif len(call.data) == 9 and call.data[0] == _SET_UNIT_PRICE:
            price = int.from_bytes(call.data[1:], "little")
    implied = calls * _DEFAULT_UNITS_PER_INSTRUCTION if limit is None else limit
    return min(implied, _MAX_UNITS), price


def sets_compute_price_or_limit(call: Instruction) -> bool:
    """Tell whether an instruction is SetComputeUnitLimit or SetComputeUnitPrice, well-formed."""
    return call.program == COMPUTE_BUDGET and (
        len(call.data),
        call.data[0] if call.data else 0,
    ) in (
        (5, _SET_UNIT_LIMIT),
        (9, _SET_UNIT_PRICE),
    )
