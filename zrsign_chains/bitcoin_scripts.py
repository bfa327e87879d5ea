"""Bitcoin networks, output scripts and addresses: P2WPKH, P2TR (key path), P2WSH, P2PKH, P2SH."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from embit import base58, bech32
from embit.base import EmbitError
from embit.networks import NETWORKS
from embit.script import Script

from zrsign_chains import registry, taproot
from zrsign_chains.ecdsa import load_public_key
from zrsign_chains.errors import MalformedAddress, UnknownChain, WrongNetwork
from zrsign_chains.hashing import hash160

MAX_ADDRESS_LENGTH = 90


@dataclass(frozen=True, slots=True)
class Network:
    """One Bitcoin network: CAIP-2 id, bech32 prefix, base58 version bytes, BIP-44 coin type."""

    caip2: str
    name: str
    hrp: str
    p2pkh: bytes
    p2sh: bytes
    coin_type: int
    xpub: bytes


def _network(caip2: str, key: str, name: str = "") -> Network:
    values = NETWORKS[key]
    return Network(
        caip2=caip2,
        name=name or values["name"],
        hrp=values["bech32"],
        p2pkh=values["p2pkh"],
        p2sh=values["p2sh"],
        coin_type=values["bip32"],
        xpub=values["xpub"],
    )


MAINNET = _network(registry.BITCOIN_MAINNET, "main")
TESTNET3 = _network(registry.BITCOIN_TESTNET3, "test")
# BIP-94: the addresses of testnet3.
TESTNET4 = _network(registry.BITCOIN_TESTNET4, "test", "Testnet4")
SIGNET = _network(registry.BITCOIN_SIGNET, "signet")
REGTEST = _network(registry.BITCOIN_REGTEST, "regtest")

_NETWORKS = {network.caip2: network for network in (MAINNET, TESTNET3, TESTNET4, SIGNET, REGTEST)}


def network_for(caip2: str) -> Network:
    """Return the network of a CAIP-2 id; raises `UnknownChain`."""
    try:
        return _NETWORKS[caip2]
    except KeyError:
        known = ", ".join(f"{n.caip2} ({n.name})" for n in _NETWORKS.values())
        raise UnknownChain(f"{caip2!r} is not a Bitcoin network; known are {known}") from None


class ScriptKind(Enum):
    """Standard output scripts, and the least sats that nodes relay to them (3 sat/vB dust)."""

    P2PKH = ("p2pkh", 546)
    P2SH = ("p2sh", 540)
    P2WPKH = ("p2wpkh", 294)
    P2WSH = ("p2wsh", 330)
    P2TR = ("p2tr", 330)

    def __init__(self, label: str, dust_sats: int) -> None:
        self.label = label
        self.dust_sats = dust_sats


_KINDS = {kind.label: kind for kind in ScriptKind}


def kind_of(script: bytes) -> ScriptKind | None:
    """Return the kind of an output script, None when it is not one of the standard ones."""
    return _KINDS.get(Script(script).script_type() or "")


def p2wpkh_script(public_key: bytes) -> bytes:
    """Return the output script of a 33-byte key (BIP-141): OP_0 and its hash160."""
    load_public_key(public_key)
    return b"\x00\x14" + hash160(public_key)


def p2tr_script(public_key: bytes) -> bytes:
    """Return the output script of a key without scripts (BIP-86): OP_1 and the tweaked key."""
    load_public_key(public_key)
    return b"\x51\x20" + taproot.output_key(public_key[1:])


def address_of(script: bytes, network: Network) -> str | None:
    """Return the address of an output script, None when it has none."""
    kind = kind_of(script)
    if kind is None:
        return None
    if kind is ScriptKind.P2PKH:
        return str(base58.encode_check(network.p2pkh + script[3:23]))
    if kind is ScriptKind.P2SH:
        return str(base58.encode_check(network.p2sh + script[2:22]))
    version = 1 if kind is ScriptKind.P2TR else 0
    return str(bech32.encode(network.hrp, version, script[2:]))


def script_for(address: str, network: Network) -> bytes:
    """Return the output script of an address; raises `MalformedAddress` or `WrongNetwork`."""
    if not (address.isascii() and 0 < len(address) <= MAX_ADDRESS_LENGTH):
        raise MalformedAddress(f"{address!r} is not a Bitcoin address")
    hrp = address.lower().rpartition("1")[0]
    if hrp in {known.hrp for known in _NETWORKS.values()}:
        if hrp != network.hrp:
            raise _wrong_network(address, network)
        return _segwit_script(address, hrp)
    return _base58_script(address, network)


def _segwit_script(address: str, hrp: str) -> bytes:
    version, program = bech32.decode(hrp, address)
    if version == 0:
        return b"\x00" + bytes([len(program)]) + bytes(program)
    if version == 1 and len(program) == 32:
        return b"\x51\x20" + bytes(program)
    raise MalformedAddress(
        f"{address!r} is not a valid segwit address of version 0 or 1 (BIP-173, BIP-350)"
    )


def _base58_script(address: str, network: Network) -> bytes:
    try:
        decoded: bytes = base58.decode_check(address)
    except (EmbitError, ValueError, LookupError):
        raise MalformedAddress(f"{address!r} is not a Bitcoin address") from None
    version, digest = decoded[:1], decoded[1:]
    if len(digest) != 20:
        raise MalformedAddress(f"{address!r} holds {len(digest)} bytes; expected 20")
    if version == network.p2pkh:
        return b"\x76\xa9\x14" + digest + b"\x88\xac"
    if version == network.p2sh:
        return b"\xa9\x14" + digest + b"\x87"
    if any(version in (known.p2pkh, known.p2sh) for known in _NETWORKS.values()):
        raise _wrong_network(address, network)
    raise MalformedAddress(f"{address!r} has the unknown version byte 0x{version.hex()}")


def _wrong_network(address: str, network: Network) -> WrongNetwork:
    return WrongNetwork(f"{address!r} is not an address of {network.name} ({network.caip2})")
