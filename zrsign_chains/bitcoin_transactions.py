"""Bitcoin transactions to sign: their parts, sighashes (BIP-143, BIP-341) and byte forms.

Also the "unsigned plus" form: a segwit transaction whose witnesses carry what a signer needs, five
items an input: amount (8 bytes LE), public key, output script, sighash flags (8 bytes LE), and a
precomputed sighash, which is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from embit.base import EmbitError
from embit.script import Script, Witness, p2pkh_from_p2wpkh
from embit.transaction import Transaction, TransactionInput, TransactionOutput

from zrsign_chains.bitcoin_scripts import Network, ScriptKind, address_of, kind_of
from zrsign_chains.chain import UnsignedTx
from zrsign_chains.errors import MalformedTransaction
from zrsign_chains.hashing import hash160

SIGHASH_DEFAULT = 0
SIGHASH_ALL = 1
MAX_MONEY_SATS = 21_000_000 * 100_000_000
OP_RETURN = 0x6A

_ALLOWED_SIGHASHES = {
    ScriptKind.P2WPKH: (SIGHASH_ALL,),
    ScriptKind.P2TR: (SIGHASH_DEFAULT, SIGHASH_ALL),
}


@dataclass(frozen=True, slots=True)
class TxInput:
    """A spent output. `txid` is hex in display order; `sighash_type` None takes the default.

    `previous_transaction`, where known, is the transaction with this txid: it proves the amount.
    """

    txid: str
    vout: int
    sequence: int
    value_sats: int
    script_pubkey: bytes
    sighash_type: int | None = None
    previous_transaction: bytes = b""

    @property
    def kind(self) -> ScriptKind | None:
        """The kind of the spent output, None where it is not a standard one."""
        return kind_of(self.script_pubkey)

    @property
    def sighash_flags(self) -> int:
        """SIGHASH_ALL for P2WPKH and SIGHASH_DEFAULT for P2TR unless the signer is told."""
        if self.sighash_type is not None:
            return self.sighash_type
        return SIGHASH_DEFAULT if self.kind is ScriptKind.P2TR else SIGHASH_ALL


@dataclass(frozen=True, slots=True)
class TxOutput:
    """A created output."""

    value_sats: int
    script_pubkey: bytes


@dataclass(frozen=True, slots=True)
class BitcoinTx(UnsignedTx):
    """An unsigned Bitcoin transaction with all that its sighashes need.

    `to` is the address of the one payee (outputs that pay none of the input scripts), None if there
    is not exactly one; `amount` is what all payees get, in sats.
    """

    version: int
    locktime: int
    inputs: tuple[TxInput, ...]
    outputs: tuple[TxOutput, ...]

    @property
    def fee_sats(self) -> int:
        """The fee in sats: what the inputs hold and no output pays."""
        return sum(i.value_sats for i in self.inputs) - sum(o.value_sats for o in self.outputs)


def build(
    raw: bytes,
    network: Network,
    version: int,
    locktime: int,
    inputs: Sequence[TxInput],
    outputs: Sequence[TxOutput],
) -> BitcoinTx:
    """Check the parts and put them together; raises `MalformedTransaction`."""
    _check_inputs(inputs)
    _check_outputs(outputs)
    to, amount = _payment(inputs, outputs, network)
    tx = BitcoinTx(raw, to, amount, None, version, locktime, tuple(inputs), tuple(outputs))
    if tx.fee_sats < 0:
        raise MalformedTransaction(f"the outputs exceed the inputs by {-tx.fee_sats} sats")
    return tx


def _check_inputs(inputs: Sequence[TxInput]) -> None:
    if not inputs:
        raise MalformedTransaction("the transaction has no inputs")
    if len({(i.txid, i.vout) for i in inputs}) != len(inputs):
        raise MalformedTransaction("the transaction spends an output twice")
    for index, spent in enumerate(inputs):
        allowed = _ALLOWED_SIGHASHES.get(spent.kind) if spent.kind else None
        if allowed is None:
            raise MalformedTransaction(
                f"input {index} spends script {spent.script_pubkey.hex()}; "
                "only P2WPKH and P2TR (key path) can be signed"
            )
        if spent.sighash_flags not in allowed:
            raise MalformedTransaction(
                f"input {index} asks for sighash type 0x{spent.sighash_flags:02x}; "
                "only SIGHASH_ALL (and SIGHASH_DEFAULT for P2TR) are signed"
            )
        _check_money(spent.value_sats)


def _check_outputs(outputs: Sequence[TxOutput]) -> None:
    if not outputs:
        raise MalformedTransaction("the transaction has no outputs")
    for output in outputs:
        _check_money(output.value_sats)


def _check_money(value_sats: int) -> None:
    if not 0 <= value_sats <= MAX_MONEY_SATS:
        raise MalformedTransaction(f"{value_sats} sats is more than all bitcoin")


def _payment(
    inputs: Sequence[TxInput], outputs: Sequence[TxOutput], network: Network
) -> tuple[str | None, int]:
    own = {spent.script_pubkey for spent in inputs}
    payees = [o for o in outputs if o.script_pubkey not in own and not _is_memo(o)]
    to = address_of(payees[0].script_pubkey, network) if len(payees) == 1 else None
    return to, sum(payee.value_sats for payee in payees)


def _is_memo(output: TxOutput) -> bool:
    return output.value_sats == 0 and output.script_pubkey[:1] == bytes([OP_RETURN])


def sighashes(tx: BitcoinTx) -> tuple[bytes, ...]:
    """Return a 32-byte digest per input: BIP-143 for P2WPKH, BIP-341 key path for P2TR."""
    transaction = to_embit(tx)
    scripts = [Script(spent.script_pubkey) for spent in tx.inputs]
    values = [spent.value_sats for spent in tx.inputs]
    digests = []
    for index, spent in enumerate(tx.inputs):
        if spent.kind is ScriptKind.P2TR:
            digest = transaction.sighash_taproot(index, scripts, values, spent.sighash_flags)
        else:
            code = p2pkh_from_p2wpkh(scripts[index])
            digest = transaction.sighash_segwit(index, code, values[index], spent.sighash_flags)
        digests.append(digest)
    return tuple(digests)


def to_embit(tx: BitcoinTx) -> Transaction:
    """Return the unsigned transaction as embit's type."""
    return Transaction(
        version=tx.version,
        locktime=tx.locktime,
        vin=[
            TransactionInput(bytes.fromhex(i.txid), i.vout, sequence=i.sequence) for i in tx.inputs
        ],
        vout=[TransactionOutput(o.value_sats, Script(o.script_pubkey)) for o in tx.outputs],
    )


def serialize(tx: BitcoinTx, witnesses: Sequence[Sequence[bytes]] = ()) -> bytes:
    """Return network bytes, with witnesses (BIP-144), one per input, or without any."""
    transaction = to_embit(tx)
    for spent, items in zip(transaction.vin, witnesses, strict=bool(witnesses)):
        spent.witness = Witness(list(items))
    return bytes(transaction.serialize())


def parse_transaction(raw: bytes) -> Transaction:
    """Read network bytes; only the canonical form, without trailing bytes."""
    try:
        transaction = Transaction.parse(raw)
        canonical = transaction.serialize() == raw
    except (EmbitError, ValueError, OverflowError, RuntimeError) as error:
        raise MalformedTransaction(f"not a Bitcoin transaction: {error}") from None
    if not canonical:
        raise MalformedTransaction("not a Bitcoin transaction in canonical form")
    return transaction


def outputs_of(transaction: Transaction) -> list[TxOutput]:
    """List the outputs of a transaction that embit has read."""
    return [TxOutput(o.value, o.script_pubkey.data) for o in transaction.vout]


def decode_unsigned_plus(payload: bytes, network: Network) -> BitcoinTx:
    """Read the "unsigned plus" form; raises `MalformedTransaction`."""
    transaction = parse_transaction(payload)
    inputs = [_plus_input(index, spent) for index, spent in enumerate(transaction.vin)]
    return build(
        payload,
        network,
        transaction.version,
        transaction.locktime,
        inputs,
        outputs_of(transaction),
    )


def _plus_input(index: int, spent: TransactionInput) -> TxInput:
    items: list[bytes] = spent.witness.items
    if spent.script_sig.data or len(items) != 5 or len(items[0]) != 8 or len(items[3]) != 8:
        raise MalformedTransaction(
            f"input {index} is not in the unsigned plus form: expected an empty scriptSig and the "
            "witness [amount (8 bytes), public key, script, flags (8 bytes), sighash]"
        )
    amount, public_key, script, flags = items[:4]
    if script[:2] != b"\x00\x14" or script[2:] != hash160(public_key):
        raise MalformedTransaction(f"input {index}: the script is not P2WPKH of the public key")
    return TxInput(
        txid=spent.txid.hex(),
        vout=spent.vout,
        sequence=spent.sequence,
        value_sats=int.from_bytes(amount, "little"),
        script_pubkey=script,
        sighash_type=int.from_bytes(flags, "little"),
    )
