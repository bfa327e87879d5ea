"""Bitcoin (CAIP-2 `bip122:<genesis>`): addresses, sighashes, assembly, composition, intent.

A payload is a PSBT (version 0 or 2) or the "unsigned plus" form. The keys are single keys: P2WPKH,
or the key path of P2TR (BIP-86). A taproot key signs the latter only, so its change must go there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from embit import compact

from zrsign_chains import bitcoin_psbt, ecdsa, registry, taproot
from zrsign_chains.bitcoin_coins import Utxo, payment_vsize, select
from zrsign_chains.bitcoin_scripts import (
    ScriptKind,
    address_of,
    kind_of,
    network_for,
    p2tr_script,
    p2wpkh_script,
    script_for,
)
from zrsign_chains.bitcoin_transactions import (
    SIGHASH_DEFAULT,
    BitcoinTx,
    TxInput,
    TxOutput,
    build,
    decode_unsigned_plus,
    parse_transaction,
    serialize,
    sighashes,
)
from zrsign_chains.chain import Chain, Intent, UnsignedTx, require_each
from zrsign_chains.errors import (
    BadSignature,
    FeeAboveCap,
    ForeignInput,
    IntentMismatch,
    MalformedTransaction,
    WrongNetwork,
)
from zrsign_chains.hashing import sha256d
from zrsign_chains.wallets import KeyAlgorithm, LedgerWallet

__all__ = ["BitcoinChain", "BitcoinTx", "TxInput", "TxOutput", "Utxo"]

TX_VERSION = 2
RBF_SEQUENCE = 0xFFFFFFFD
"""BIP-125: signals that the transaction may be replaced by one with a higher fee."""

INCREMENTAL_RELAY_SAT_VB = 1
"""What nodes want on top of a replaced fee, in sats per virtual byte (`-incrementalrelayfee`)."""

LEAST_RELAY_VB_SAT = 10
"""How many virtual bytes a sat of fee carries at most (`-minrelaytxfee` of Bitcoin Core 30)."""

MAX_CHANGE = 4
"""How many outputs may return to the key: more only make a payment dear, or too large to relay."""

MESSAGE_PREFIX = b"\x18Bitcoin Signed Message:\n"

_RELATIVE_LOCK_OFF = 1 << 31


class BitcoinChain(Chain):
    """One Bitcoin network, for ECDSA keys (P2WPKH) or, with `taproot`, for taproot keys (P2TR).

    The difference is the address of a key, where its change goes, and whose coins it may spend.
    """

    default_max_network_fee = 100_000

    def __init__(self, caip2: str, *, taproot: bool = False) -> None:
        self.network = network_for(caip2)
        self.caip2 = caip2
        self.taproot = taproot
        self.wallet = registry.wallet_of(caip2)
        signs = KeyAlgorithm.TAPROOT_SECP256K1 if taproot else KeyAlgorithm.BITCOIN_SECP256K1
        (self.ledger_wallet,) = (
            each
            for each in registry.FAMILIES["bip122"].ledger_wallets
            if each.network == caip2 and each.key_algorithm is signs
        )

    @classmethod
    def of_ledger(
        cls, wallet: LedgerWallet, metadata: Mapping[str, object], payload: bytes
    ) -> Self:
        """Return the network that the wallet type names, for taproot keys if it says so."""
        is_taproot = wallet.key_algorithm is KeyAlgorithm.TAPROOT_SECP256K1
        return cls(wallet.network, taproot=is_taproot)

    def address(self, public_key: bytes) -> str:
        """Return the P2WPKH address (BIP-173), or the P2TR one of a taproot key (BIP-86)."""
        return self._address(self.own_script(public_key))

    def own_script(self, public_key: bytes) -> bytes:
        """Return the output script that the key's address stands for."""
        return p2tr_script(public_key) if self.taproot else p2wpkh_script(public_key)

    def taproot_address(self, public_key: bytes) -> str:
        """Return the P2TR address of the key without scripts (BIP-86)."""
        return self._address(p2tr_script(public_key))

    def validate_address(self, text: str) -> str:
        """Return the address in its one spelling; raises `MalformedAddress` or `WrongNetwork`."""
        return self._address(self.script_for(text))

    def script_for(self, address: str) -> bytes:
        """Return the output script of an address of this network."""
        return script_for(address, self.network)

    def message_digest(self, message: bytes) -> bytes:
        """Hash prefix, the message's length as CompactSize, and message with SHA-256 twice."""
        return sha256d(MESSAGE_PREFIX + compact.to_bytes(len(message)) + message)

    def parse(self, payload: bytes) -> BitcoinTx:
        """Read a PSBT, or a transaction in the "unsigned plus" form; raises `ChainError`."""
        if payload.startswith(bitcoin_psbt.MAGIC):
            return bitcoin_psbt.decode(payload, self.network)
        return decode_unsigned_plus(payload, self.network)

    def sighashes(self, tx: UnsignedTx) -> tuple[bytes, ...]:
        """Return one 32-byte digest an input, in the order of the inputs."""
        return sighashes(_own(tx))

    def require_signers(self, tx: UnsignedTx, public_keys: Sequence[bytes]) -> None:
        """Require one key an input, the owner of what it spends; raises `ForeignInput`."""
        owners = [spent.script_pubkey for spent in _own(tx).inputs]
        own = {key: self.own_script(key) for key in public_keys}
        require_each(owners, [own[key] for key in public_keys], public_keys, ForeignInput)

    def assemble(
        self, tx: UnsignedTx, signatures: Sequence[bytes], public_keys: Sequence[bytes]
    ) -> bytes:
        """Put in one signature and one 33-byte key per input, in input order.

        P2WPKH: DER or r||s(||v). P2TR: 64-byte BIP-340, or 65 with the sighash byte.
        """
        own = _own(tx)
        if not len(signatures) == len(public_keys) == len(own.inputs):
            raise BadSignature(
                f"the transaction has {len(own.inputs)} inputs, each takes one signature and one "
                f"key; got {len(signatures)} and {len(public_keys)}"
            )
        parts = zip(own.inputs, sighashes(own), signatures, public_keys, strict=True)
        return serialize(own, [_witness(*part) for part in parts])

    def unsigned_id(self, tx: UnsignedTx) -> str:
        """Return the txid that it will have: witnesses are no part of it (BIP-141)."""
        return self.transaction_id(serialize(_own(tx)))

    def transaction_id(self, signed: bytes) -> str:
        """Return the txid (without witnesses) in display order."""
        return str(parse_transaction(signed).txid().hex())

    def compose(
        self,
        intent: Intent,
        utxos: Sequence[Utxo],
        fee_rate_sat_vb: float,
        change_public_key: bytes,
        *,
        required: Sequence[Utxo] = (),
        least_fee_sats: int = 0,
    ) -> bytes:
        """Return a PSBT paying the intent from coins of `change_public_key`, change to its address.

        `required` coins are spent in any case, and the fee is `least_fee_sats` at least.

        Raises `InsufficientFunds`, `FeeAboveCap`, `MalformedTransaction` (dust, foreign coins)
        or an address error.
        """
        target = self._payment(intent)
        own_script = self.own_script(change_public_key)
        _check_ownership((*utxos, *required), (own_script, p2tr_script(change_public_key)))
        selection = select(
            utxos,
            amount_sats=target.value_sats,
            outputs=[target.script_pubkey],
            change_script=own_script,
            fee_rate_sat_vb=fee_rate_sat_vb,
            required=required,
            least_fee_sats=least_fee_sats,
            most_fee_sats=intent.max_network_fee,
        )
        if selection.fee_sats > intent.max_network_fee:
            raise FeeAboveCap(
                f"the fee would be {selection.fee_sats} sats, above the cap of "
                f"{intent.max_network_fee}; lower the fee rate or raise the cap"
            )
        outputs = [target]
        if selection.change_sats:
            outputs.append(TxOutput(selection.change_sats, own_script))
        inputs = [_input_of(coin) for coin in selection.coins]
        tx = build(b"", self.network, TX_VERSION, 0, inputs, outputs)
        payload = bitcoin_psbt.encode(tx, internal_key=change_public_key[1:])
        self.parse(payload)
        return payload

    def verify_intent(self, tx: UnsignedTx, intent: Intent, public_key: bytes) -> None:
        """Require that one output pays the intent, and the rest returns to the inputs' own key.

        The transaction must be spendable at once (no lock times) and its fee within the cap. For
        the fee to be what it seems, all amounts but one must be proven: a P2WPKH signature commits
        to its own input's amount only, and two requests with different lies would make a whole.
        """
        own = _own(tx)
        if intent.data:
            raise IntentMismatch("a Bitcoin payment carries no data")
        own_script = self.own_script(public_key)
        for index, spent in enumerate(own.inputs):
            if spent.script_pubkey not in (own_script, p2tr_script(public_key)):
                raise IntentMismatch(f"input {index} does not belong to {public_key.hex()}")
        rest = list(own.outputs)
        try:
            rest.remove(TxOutput(intent.value, self.script_for(intent.to)))
        except ValueError:
            raise IntentMismatch(f"no output pays {intent.value} sats to {intent.to}") from None
        for output in rest:
            if output.script_pubkey != own_script:
                raise IntentMismatch(
                    f"an output pays {output.value_sats} sats to a script that is neither the "
                    f"recipient's nor the key's: {output.script_pubkey.hex()}"
                )
        _check_amounts_are_proven(own)
        self._require_mineable(own, len(rest))
        if own.fee_sats > intent.max_network_fee:
            raise IntentMismatch(
                f"the fee is {own.fee_sats} sats, above the cap of {intent.max_network_fee}"
            )
        if own.locktime or any(i.sequence < _RELATIVE_LOCK_OFF for i in own.inputs):
            raise IntentMismatch("the transaction has a lock time; it must be valid at once")

    def _require_mineable(self, own: BitcoinTx, change: int) -> None:
        """Raise for what no node would hand on."""
        if change > MAX_CHANGE:
            raise IntentMismatch(f"{change} outputs of change; at most {MAX_CHANGE} are sensible")
        size = _size(own)
        if own.fee_sats * LEAST_RELAY_VB_SAT < size:
            raise IntentMismatch(f"no node hands on a fee of {own.fee_sats} sats for {size} vbytes")

    def replacement_fee(self, tx: UnsignedTx) -> int:
        """Return the sats that BIP-125 asks for: this one's fee, and the relay fee of its size."""
        own = _own(tx)
        return own.fee_sats + INCREMENTAL_RELAY_SAT_VB * _size(own)

    def verify_replacement(self, old: UnsignedTx, new: UnsignedTx) -> None:
        """Require the coins of `old` first and at the same amounts, and a fee as BIP-125 has it.

        More coins may follow, where the change does not carry the fee. An amount that was another
        before would let two requests with different lies make one transaction.
        """
        before, after = _own(old), _own(new)
        coins = [(spent.txid, spent.vout, spent.value_sats) for spent in before.inputs]
        same = [(spent.txid, spent.vout, spent.value_sats) for spent in after.inputs]
        if same[: len(coins)] != coins:
            raise IntentMismatch("it does not spend the coins of the transaction that is replaced")
        least = before.fee_sats + INCREMENTAL_RELAY_SAT_VB * _size(after)
        if after.fee_sats < least or after.fee_sats * _size(before) <= before.fee_sats * _size(
            after
        ):
            raise IntentMismatch(
                f"no node takes {after.fee_sats} sats for {_size(after)} vbytes in place of "
                f"{before.fee_sats} for {_size(before)}; it needs {least}, and a higher rate"
            )

    def _payment(self, intent: Intent) -> TxOutput:
        script = self.script_for(intent.to)
        if intent.data:
            raise MalformedTransaction("a Bitcoin payment carries no data")
        kind = kind_of(script)
        if kind is not None and intent.value < kind.dust_sats:
            raise MalformedTransaction(
                f"{intent.value} sats is dust for {kind.label}; send at least {kind.dust_sats}"
            )
        return TxOutput(intent.value, script)

    def _address(self, script: bytes) -> str:
        address = address_of(script, self.network)
        if address is None:
            raise MalformedTransaction(f"script {script.hex()} has no address")
        return address


def _size(tx: BitcoinTx) -> int:
    """Its virtual bytes, at most, once it is signed."""
    return payment_vsize(
        [spent.script_pubkey for spent in tx.inputs],
        [output.script_pubkey for output in tx.outputs],
    )


def _own(tx: UnsignedTx) -> BitcoinTx:
    if not isinstance(tx, BitcoinTx):
        raise WrongNetwork("the transaction was not parsed for a Bitcoin network")
    return tx


def _check_ownership(coins: Sequence[Utxo], own_scripts: Sequence[bytes]) -> None:
    for coin in coins:
        if coin.script_pubkey not in own_scripts:
            raise MalformedTransaction(
                f"coin {coin.txid}:{coin.vout} does not belong to the key; leave it out"
            )


def _input_of(coin: Utxo) -> TxInput:
    return TxInput(
        txid=coin.txid,
        vout=coin.vout,
        sequence=RBF_SEQUENCE,
        value_sats=coin.value_sats,
        script_pubkey=coin.script_pubkey,
        previous_transaction=coin.previous_transaction,
    )


def _check_amounts_are_proven(tx: BitcoinTx) -> None:
    """A P2TR signature commits to all amounts (BIP-341), a P2WPKH one to its own (BIP-143)."""
    unproven = [
        spent
        for spent in tx.inputs
        if spent.kind is ScriptKind.P2WPKH and not spent.previous_transaction
    ]
    if len(unproven) > 1:
        raise IntentMismatch(
            f"the amounts of {len(unproven)} P2WPKH inputs are unproven; add NON_WITNESS_UTXO "
            "(the whole previous transaction, Utxo.previous_transaction) to all but one"
        )


def _witness(spent: TxInput, digest: bytes, signature: bytes, public_key: bytes) -> list[bytes]:
    if spent.kind is ScriptKind.P2TR:
        return [_taproot_signature(spent, digest, signature, public_key)]
    if p2wpkh_script(public_key) != spent.script_pubkey:
        raise BadSignature(f"{public_key.hex()} does not own {spent.txid}:{spent.vout}")
    raw = ecdsa.verify_any_form(public_key, digest, signature)
    return [ecdsa.to_der(raw) + bytes([spent.sighash_flags]), public_key]


def _taproot_signature(spent: TxInput, digest: bytes, signature: bytes, public_key: bytes) -> bytes:
    """Return the witness item: 64 bytes, with the sighash byte if it has one (BIP-341)."""
    if p2tr_script(public_key) != spent.script_pubkey:
        raise BadSignature(f"{public_key.hex()} does not own {spent.txid}:{spent.vout} (BIP-86)")
    suffix = b"" if spent.sighash_flags == SIGHASH_DEFAULT else bytes([spent.sighash_flags])
    if len(signature) not in (64, 64 + len(suffix)) or signature[64:] not in (b"", suffix):
        raise BadSignature(
            f"a P2TR signature is 64 bytes, then sighash type {suffix.hex() or 'none'}; "
            f"got {len(signature)} bytes"
        )
    taproot.verify(public_key, digest, signature[:64])
    return signature[:64] + suffix
