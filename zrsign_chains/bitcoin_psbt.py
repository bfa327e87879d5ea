"""Partially signed Bitcoin transactions: versions 0 (BIP-174) and 2 (BIP-370), taproot (BIP-371).

Each input must carry its `WITNESS_UTXO`. Scripts do not name a network, so a contradiction shows
only in extended keys (version bytes) and in BIP-44 style derivation paths (coin type); both are
checked.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from embit import compact
from embit.transaction import Transaction

from zrsign_chains import taproot
from zrsign_chains.bitcoin_psbt_maps import Global, In, Map, Out, Reader
from zrsign_chains.bitcoin_scripts import MAINNET, TESTNET3, Network, ScriptKind, kind_of
from zrsign_chains.bitcoin_transactions import (
    BitcoinTx,
    TxInput,
    TxOutput,
    build,
    outputs_of,
    parse_transaction,
    serialize,
)
from zrsign_chains.errors import MalformedKey, MalformedTransaction, WrongNetwork

MAGIC = b"psbt\xff"
MAX_PAYLOAD_BYTES = 1024 * 1024
LOCKTIME_THRESHOLD = 500_000_000
"""The lock time from which on one is a Unix time in seconds; one below it is a height."""

_HARDENED = 0x80000000
_BIP44_PURPOSES = {44, 49, 84, 86}


def decode(payload: bytes, network: Network) -> BitcoinTx:
    """Read a PSBT of version 0 or 2; raises `MalformedTransaction` or `WrongNetwork`."""
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise MalformedTransaction(f"a PSBT has at most {MAX_PAYLOAD_BYTES} bytes")
    reader = Reader(payload, len(MAGIC))
    fields = reader.read_map()
    version = fields.number(Global.VERSION, 4) or 0
    if version == 0:
        tx = _decode_v0(payload, fields, reader, network)
    elif version == 2:
        tx = _decode_v2(payload, fields, reader, network)
    else:
        raise MalformedTransaction(f"PSBT version {version} is unknown; send version 0 or 2")
    reader.finish()
    _check_xpubs(fields, network)
    return tx


def _decode_v0(payload: bytes, fields: Map, reader: Reader, network: Network) -> BitcoinTx:
    fields.refuse(Global.V2_ONLY, "belongs to version 2")
    transaction = parse_transaction(fields.required(Global.UNSIGNED_TX))
    if any(i.script_sig.data or i.witness.items for i in transaction.vin):
        raise MalformedTransaction("the PSBT's transaction carries signatures (BIP-174)")
    inputs = []
    for spent in transaction.vin:
        entry = reader.read_map()
        entry.refuse(In.V2_ONLY, "belongs to version 2")
        inputs.append(_input(entry, spent.txid.hex(), spent.vout, spent.sequence, network))
    for _ in transaction.vout:
        reader.read_map().refuse(Out.V2_ONLY, "belongs to version 2")
    return build(
        payload,
        network,
        transaction.version,
        transaction.locktime,
        inputs,
        outputs_of(transaction),
    )


def _decode_v2(payload: bytes, fields: Map, reader: Reader, network: Network) -> BitcoinTx:
    fields.refuse((Global.UNSIGNED_TX,), "belongs to version 0")
    fields.field(Global.TX_MODIFIABLE, 1)
    version = int.from_bytes(fields.required(Global.TX_VERSION, 4), "little")
    entries = [reader.read_map() for _ in range(_count(fields, Global.INPUT_COUNT, payload))]
    results = [reader.read_map() for _ in range(_count(fields, Global.OUTPUT_COUNT, payload))]
    inputs = [_input_v2(entry, network) for entry in entries]
    outputs = [
        TxOutput(int.from_bytes(out.required(Out.AMOUNT, 8), "little"), out.required(Out.SCRIPT))
        for out in results
    ]
    locktime = _locktime(entries, fields.number(Global.FALLBACK_LOCKTIME, 4) or 0)
    return build(payload, network, version, locktime, inputs, outputs)


def _count(fields: Map, kind: int, payload: bytes) -> int:
    reader = Reader(fields.required(kind))
    count = reader.compact_size()
    reader.finish()
    if count > len(payload):
        raise MalformedTransaction(f"the PSBT claims {count} maps but has {len(payload)} bytes")
    return count


def _input_v2(entry: Map, network: Network) -> TxInput:
    txid = entry.required(In.PREVIOUS_TXID, 32)[::-1].hex()
    vout = int.from_bytes(entry.required(In.OUTPUT_INDEX, 4), "little")
    sequence = entry.number(In.SEQUENCE, 4)
    return _input(entry, txid, vout, 0xFFFFFFFF if sequence is None else sequence, network)


def _locktime(entries: Sequence[Map], fallback: int) -> int:
    """BIP-370 "Determining Lock Time": a kind all constrained inputs share, heights first."""
    pairs = [
        (
            entry.number(In.REQUIRED_HEIGHT_LOCKTIME, 4),
            entry.number(In.REQUIRED_TIME_LOCKTIME, 4),
        )
        for entry in entries
    ]
    constrained = [pair for pair in pairs if pair != (None, None)]
    if not constrained:
        return fallback
    heights = [height for height, _ in constrained if height is not None]
    times = [time for _, time in constrained if time is not None]
    if any(not 0 < height < LOCKTIME_THRESHOLD for height in heights):
        raise MalformedTransaction("a required height lock time is not a height")
    if any(time < LOCKTIME_THRESHOLD for time in times):
        raise MalformedTransaction("a required time lock time is not a time")
    for candidates in (heights, times):
        if len(candidates) == len(constrained):
            return max(candidates)
    raise MalformedTransaction("the inputs need lock times of different kinds")


def _input(entry: Map, txid: str, vout: int, sequence: int, network: Network) -> TxInput:
    entry.refuse(In.REFUSED, "is not accepted: inputs are unsigned native segwit")
    utxo = entry.field(In.WITNESS_UTXO)
    if utxo is None:
        raise MalformedTransaction(f"input {txid}:{vout} has no WITNESS_UTXO; add it to the PSBT")
    value, script = _witness_utxo(utxo)
    previous = entry.field(In.NON_WITNESS_UTXO) or b""
    if previous:
        _check_previous(parse_transaction(previous), txid, vout, TxOutput(value, script))
    if kind_of(script) is ScriptKind.P2TR:
        _check_taproot(entry, script)
    _check_paths(entry, network)
    sighash_type = entry.number(In.SIGHASH_TYPE, 4)
    return TxInput(txid, vout, sequence, value, script, sighash_type, previous)


def _witness_utxo(utxo: bytes) -> tuple[int, bytes]:
    reader = Reader(utxo)
    value = int.from_bytes(reader.take(8), "little")
    script = reader.take(reader.compact_size())
    reader.finish()
    return value, script


def _check_previous(previous: Transaction, txid: str, vout: int, spent: TxOutput) -> None:
    if previous.txid().hex() != txid:
        raise MalformedTransaction(f"NON_WITNESS_UTXO is not the transaction {txid}")
    outputs = outputs_of(previous)
    if vout >= len(outputs) or outputs[vout] != spent:
        raise MalformedTransaction(f"WITNESS_UTXO contradicts output {vout} of {txid}")


def _check_taproot(entry: Map, script: bytes) -> None:
    if entry.field(In.TAP_MERKLE_ROOT):
        raise MalformedTransaction("a P2TR input with a script tree cannot be signed (BIP-86 only)")
    internal_key = entry.field(In.TAP_INTERNAL_KEY, 32)
    try:
        owned = internal_key is None or taproot.output_key(internal_key) == script[2:]
    except MalformedKey as error:
        raise MalformedTransaction(f"TAP_INTERNAL_KEY: {error}") from None
    if not owned:
        raise MalformedTransaction("TAP_INTERNAL_KEY does not tweak to the P2TR output (BIP-86)")


def _check_xpubs(fields: Map, network: Network) -> None:
    for key in fields:
        if key[0] != Global.XPUB:
            continue
        if key[1:5] in (MAINNET.xpub, TESTNET3.xpub) and key[1:5] != network.xpub:
            raise WrongNetwork(f"the PSBT's extended key is not one of {network.name}")


def _check_paths(entry: Map, network: Network) -> None:
    for key, value in entry.items():
        if key[0] != In.BIP32_DERIVATION or len(value) < 12 or len(value) % 4:
            continue
        purpose, coin_type = struct.unpack_from("<II", value, 4)
        named = coin_type - _HARDENED
        if (
            purpose - _HARDENED in _BIP44_PURPOSES
            and named in (0, 1)
            and named != network.coin_type
        ):
            raise WrongNetwork(f"a derivation path has coin type {named}, not {network.name}'s")


def encode(tx: BitcoinTx, internal_key: bytes | None = None) -> bytes:
    """Return a version 0 PSBT, with the x-only `internal_key` of taproot inputs.

    It holds `WITNESS_UTXO`s, and the previous transactions that are known.
    """
    parts = [MAGIC, _pair(Global.UNSIGNED_TX, serialize(tx)), b"\x00"]
    for spent in tx.inputs:
        script = spent.script_pubkey
        utxo = spent.value_sats.to_bytes(8, "little") + _sized(script)
        if spent.previous_transaction:
            parts.append(_pair(In.NON_WITNESS_UTXO, spent.previous_transaction))
        parts.append(_pair(In.WITNESS_UTXO, utxo))
        if spent.sighash_type is not None:
            parts.append(_pair(In.SIGHASH_TYPE, spent.sighash_type.to_bytes(4, "little")))
        if internal_key is not None and spent.kind is ScriptKind.P2TR:
            parts.append(_pair(In.TAP_INTERNAL_KEY, internal_key))
        parts.append(b"\x00")
    parts.extend(b"\x00" for _ in tx.outputs)
    return b"".join(parts)


def _sized(data: bytes) -> bytes:
    return bytes(compact.to_bytes(len(data))) + data


def _pair(kind: int, value: bytes) -> bytes:
    return b"\x01" + bytes([kind]) + _sized(value)
