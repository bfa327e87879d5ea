"""Unsigned EVM transactions as bytes: legacy (EIP-155), access list (EIP-2930) and EIP-1559.

Read strictly: canonical RLP, no trailing bytes, every field in its range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import rlp
from rlp.exceptions import RLPException

from zrsign_chains.chain import UnsignedTx
from zrsign_chains.errors import MalformedTransaction, WrongNetwork
from zrsign_chains.evm_addresses import checksum_address

LEGACY, ACCESS_LIST, FEE_MARKET = 0, 1, 2
MAX_PAYLOAD_BYTES = 128 * 1024
"""What nodes accept into their pools."""

TRANSFER = bytes.fromhex("a9059cbb")
TRANSFER_FROM = bytes.fromhex("23b872dd")

Item: TypeAlias = "bytes | Sequence[Item]"
AccessList: TypeAlias = tuple[tuple[bytes, tuple[bytes, ...]], ...]


@dataclass(frozen=True, slots=True)
class EvmTx(UnsignedTx):
    """An unsigned EVM transaction.

    `to`, `amount` and `contract` describe an ERC-20 transfer when the calldata is one, otherwise
    the call itself; `destination` and `value` are always the transaction's own fields. Amounts are
    in wei, `gas_price` is the EIP-1559 maximum fee for type 2.
    """

    chain_id: int
    kind: int
    nonce: int
    gas_price: int
    priority_fee: int
    gas: int
    destination: str | None
    value: int
    data: bytes
    access_list: AccessList

    @property
    def max_fee(self) -> int:
        """The most that the transaction can cost in gas, in wei."""
        return self.gas * self.gas_price

    @property
    def intrinsic_gas(self) -> int:
        """What is used before the first instruction: EIP-2028, for calls without access lists."""
        zeros = self.data.count(0)
        return 21_000 + 4 * zeros + 16 * (len(self.data) - zeros)


def decode(payload: bytes, chain_id: int) -> EvmTx:
    """Read an unsigned transaction meant for `chain_id`.

    Legacy: 9 items (v, r, s empty, or chain id, 0, 0) or 6. Type 1: 8 items. Type 2: 9 items, or 12
    with zero v, r, s. Raises `MalformedTransaction`, and `WrongNetwork` for another chain's id.
    """
    if not payload or len(payload) > MAX_PAYLOAD_BYTES:
        raise MalformedTransaction(
            f"an EVM transaction has 1 to {MAX_PAYLOAD_BYTES} bytes, not {len(payload)}"
        )
    if payload[0] == ACCESS_LIST:
        return _decode_typed(payload, chain_id, ACCESS_LIST, (8,))
    if payload[0] == FEE_MARKET:
        return _decode_typed(payload, chain_id, FEE_MARKET, (9, 12))
    if payload[0] >= 0xC0:
        return _decode_legacy(payload, chain_id)
    raise MalformedTransaction(
        f"transaction type 0x{payload[0]:02x} is not supported; send legacy, 0x01 or 0x02"
    )


def encode(tx: EvmTx, tail: tuple[int, int, int] | None = None) -> bytes:
    """Return the bytes that are signed, or the signed transaction when `tail` is its (v, r, s).

    For typed transactions v is the y parity; for legacy it is v of EIP-155.
    """
    if tx.kind == LEGACY:
        fields = (*_legacy_fields(tx), *(tail or (tx.chain_id, 0, 0)))
        return bytes(rlp.encode(fields))
    return bytes([tx.kind]) + bytes(rlp.encode((*_typed_fields(tx), *(tail or ()))))


def decode_signed(signed: bytes) -> tuple[EvmTx, bytes, bytes]:
    """Read a signed transaction: the unsigned one, the bytes that were signed, and r||s||v.

    A legacy one names its chain (EIP-155). Raises `MalformedTransaction` for any other.
    """
    kind = LEGACY if signed[:1] >= b"\xc0" else int.from_bytes(signed[:1], "big")
    counts = {LEGACY: 9, ACCESS_LIST: 11, FEE_MARKET: 12}
    if not signed or kind not in counts or (kind == LEGACY) != (signed[0] >= 0xC0):
        raise MalformedTransaction("the bytes are no signed transaction of a known type")
    items = _items(signed if kind == LEGACY else signed[1:], (counts[kind],))
    v, r, s = (_integer(item, 256) for item in items[-3:])
    if kind == LEGACY:
        chain_id, parity = divmod(v - 35, 2)
        payload = bytes(rlp.encode((*items[:6], max(chain_id, 0), 0, 0)))
    else:
        chain_id, parity = _integer(items[0], 256), v
        payload = signed[:1] + bytes(rlp.encode(items[:-3]))
    if chain_id <= 0 or parity not in (0, 1):
        raise MalformedTransaction(f"v is {v}, which no signature for a chain has (EIP-155)")
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])
    return decode(payload, chain_id), payload, signature


def _legacy_fields(tx: EvmTx) -> tuple[Item | int, ...]:
    return (tx.nonce, tx.gas_price, tx.gas, _raw_address(tx.destination), tx.value, tx.data)


def _typed_fields(tx: EvmTx) -> tuple[Item | int, ...]:
    fees = (tx.gas_price,) if tx.kind == ACCESS_LIST else (tx.priority_fee, tx.gas_price)
    call = (tx.gas, _raw_address(tx.destination), tx.value, tx.data, tx.access_list)
    return (tx.chain_id, tx.nonce, *fees, *call)


def _raw_address(address: str | None) -> bytes:
    return bytes.fromhex(address[2:]) if address else b""


def _decode_legacy(payload: bytes, chain_id: int) -> EvmTx:
    items = _items(payload, (6, 9))
    if len(items) == 9:
        _check_legacy_v(*(_integer(item, 256) for item in items[6:]), chain_id=chain_id)
    nonce, gas_price, gas, to, value, data = items[:6]
    return _build(
        payload, chain_id, LEGACY, nonce, (gas_price, gas_price), gas, to, value, data, ()
    )


def _check_legacy_v(v: int, r: int, s: int, *, chain_id: int) -> None:
    """v names the chain: directly while unsigned (0 says nothing), as 35 + 2 id + parity after."""
    if r == 0 and s == 0:
        named = v or chain_id
    elif v in (27, 28):
        named = chain_id
    else:
        named = (v - 35) // 2
    if named != chain_id:
        raise WrongNetwork(
            f"v is {v}, which names chain {named}, but the request is for {chain_id}"
        )


def _decode_typed(payload: bytes, chain_id: int, kind: int, counts: tuple[int, ...]) -> EvmTx:
    items = _items(payload[1:], counts)
    if len(items) == 12 and any(_integer(item, 256) for item in items[9:]):
        raise MalformedTransaction("v, r and s must be zero in an unsigned transaction")
    named = _integer(items[0], 256)
    if named != chain_id:
        raise WrongNetwork(f"the transaction is for chain {named}, the request for {chain_id}")
    fees = (items[2], items[2]) if kind == ACCESS_LIST else (items[2], items[3])
    gas, to, value, data, access_list = items[kind + 2 : kind + 7]
    return _build(payload, chain_id, kind, items[1], fees, gas, to, value, data, access_list)


def _items(encoded: bytes, counts: tuple[int, ...]) -> Sequence[Item]:
    try:
        items: Item = rlp.decode(encoded, strict=True)
        canonical = rlp.encode(items) == encoded
    except (RLPException, RecursionError) as error:
        raise MalformedTransaction(f"the transaction is not RLP: {error}") from None
    if not canonical:
        raise MalformedTransaction("the transaction is not canonical RLP")
    if isinstance(items, bytes) or len(items) not in counts:
        found = "no list" if isinstance(items, bytes) else f"{len(items)}"
        wanted = " or ".join(map(str, counts))
        raise MalformedTransaction(f"the transaction has {found} items; expected {wanted}")
    return items


def _build(
    raw: bytes,
    chain_id: int,
    kind: int,
    nonce: Item,
    fees: tuple[Item, Item],
    gas: Item,
    to: Item,
    value: Item,
    data: Item,
    access_list: Item,
) -> EvmTx:
    priority_fee, gas_price = (_integer(fee, 256) for fee in fees)
    if priority_fee > gas_price:
        raise MalformedTransaction(
            f"the priority fee {priority_fee} is above the maximum fee {gas_price} (EIP-1559)"
        )
    destination = _destination(to)
    wei, calldata = _integer(value, 256), _bytes(data)
    recipient, amount, contract = _describe(destination, wei, calldata)
    return EvmTx(
        raw=raw,
        to=recipient,
        amount=amount,
        contract=contract,
        chain_id=chain_id,
        kind=kind,
        nonce=_integer(nonce, 64),
        gas_price=gas_price,
        priority_fee=priority_fee,
        gas=_integer(gas, 64),
        destination=destination,
        value=wei,
        data=calldata,
        access_list=_access_list(access_list),
    )


def _describe(
    destination: str | None, value: int, data: bytes
) -> tuple[str | None, int, str | None]:
    """(recipient, amount, contract) of a call: an ERC-20 transfer names its own recipient.

    A call that carries ether is a payment, whatever its calldata looks like: tokens take none, and
    a limit on the amount must see what leaves the account.
    """
    if destination is None or not data:
        return destination, value, None
    if len(data) < 4:
        raise MalformedTransaction(f"calldata 0x{data.hex()} is too short for a selector")
    if data[:4] == TRANSFER:
        recipient, amount = _words(data, 2)
    elif data[:4] == TRANSFER_FROM:
        _, recipient, amount = _words(data, 3)
    else:
        return destination, value, destination
    if any(recipient[:12]):
        raise MalformedTransaction("the recipient of the token transfer is not an address")
    if value:
        return destination, value, destination
    return checksum_address(recipient[12:]), int.from_bytes(amount, "big"), destination


def _words(data: bytes, count: int) -> list[bytes]:
    """Return the arguments of a token transfer; anything but the exact length is refused."""
    if len(data) != 4 + 32 * count:
        raise MalformedTransaction(
            f"a token transfer has {4 + 32 * count} bytes of calldata, not {len(data)}"
        )
    return [data[4 + 32 * i : 36 + 32 * i] for i in range(count)]


def _bytes(item: Item) -> bytes:
    if not isinstance(item, bytes):
        raise MalformedTransaction("a list stands where bytes are expected")
    return item


def _integer(item: Item, bits: int) -> int:
    raw = _bytes(item)
    if len(raw) * 8 > bits or raw[:1] == b"\x00":
        raise MalformedTransaction(f"0x{raw.hex()} is not a canonical integer of {bits} bits")
    return int.from_bytes(raw, "big")


def _destination(item: Item) -> str | None:
    raw = _bytes(item)
    if len(raw) not in (0, 20):
        raise MalformedTransaction(f"the recipient has {len(raw)} bytes; expected 20, or none")
    return checksum_address(raw) if raw else None


def _access_list(item: Item) -> AccessList:
    if isinstance(item, bytes):
        raise MalformedTransaction("the access list is not a list (EIP-2930)")
    return tuple(_access_entry(entry) for entry in item)


def _access_entry(entry: Item) -> tuple[bytes, tuple[bytes, ...]]:
    if isinstance(entry, bytes) or len(entry) != 2 or isinstance(entry[1], bytes):
        raise MalformedTransaction("an access list entry is [address, [storage keys]] (EIP-2930)")
    address, keys = _bytes(entry[0]), tuple(_bytes(key) for key in entry[1])
    if len(address) != 20 or any(len(key) != 32 for key in keys):
        raise MalformedTransaction("an access list has 20-byte addresses and 32-byte keys")
    return address, keys
