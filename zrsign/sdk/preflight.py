"""What can be known to be refused is refused here, before a request costs anything.

The contract and the network check again: nothing depends on what is checked here. Addresses and
transactions of a chain are read by its library, where that is installed.
"""

from __future__ import annotations

from zrsign.errors import UsageError
from zrsign_chains.caip import ChainId
from zrsign_chains.chain import Chain
from zrsign_chains.errors import ChainError
from zrsign_chains.evm_addresses import parse_address
from zrsign_chains.registry import FAMILIES, KNOWN_CHAINS, chain_for, networks_of, wallet_of
from zrsign_chains.wallets import WalletType

HASH_BYTES = 32


def address(text: object) -> str:
    """The EVM address that a text spells. Raises UsageError: names (ENS) are nobody's to resolve.

    Mixed case must carry a true checksum (EIP-55).
    """
    if not isinstance(text, str):
        raise UsageError(f"An address is text, not {_type(text)}.", "Give it as 0x and 40 digits.")
    try:
        return parse_address(text)
    except ChainError as error:
        raise UsageError(_sentence(error), "Give it as 0x and 40 digits, as wallets do.") from None


def wallet(given: object) -> None:
    """Raise UsageError for what is no wallet type."""
    if not isinstance(given, WalletType):
        raise UsageError(
            f"A wallet type is not {_type(given)}.",
            "Use EVM, BITCOIN, BITCOIN_TEST, SOLANA or COSMOS of zrsign.sdk.",
        )


def place(kind: object, index: object, chain: object) -> None:
    """Raise UsageError unless such a wallet signs for this chain."""
    wallet(kind)
    assert isinstance(kind, WalletType)  # noqa: S101 - so it was found to be
    if not isinstance(index, int) or index < 0:
        raise UsageError(
            f"A wallet's index is a whole number from 0, not {index!r}.",
            "Take it from the answer to its request.",
        )
    try:
        namespace = ChainId.parse(str(chain)).namespace
    except ChainError as error:
        raise UsageError(_sentence(error), "See the known chains: zrsign ids") from None
    signs = namespace in FAMILIES and namespace == kind.namespace
    if not signs or (chain in KNOWN_CHAINS and wallet_of(str(chain)) != kind):
        raise UsageError(
            f"A {kind.name} wallet does not sign for {chain}.",
            f"It signs for {', '.join(networks_of(kind)[:5])}, …",
        )


def digest(given: object) -> None:
    """Raise UsageError for what is no 32-byte digest."""
    payload(given, "A hash")
    if len(given) != HASH_BYTES:  # type: ignore[arg-type]
        raise UsageError(
            f"A hash has {HASH_BYTES} bytes, not {len(given)}.",  # type: ignore[arg-type]
            "Hash the message first, or ask for the signature of data.",
        )


def payload(given: object, what: str) -> None:
    """Raise UsageError for what is not bytes, or empty."""
    if not isinstance(given, bytes | bytearray):
        raise UsageError(f"{what} is bytes, not {_type(given)}.", "Encode text: text.encode()")
    if not given:
        raise UsageError(f"{what} is empty.", "There is nothing to sign in it.")


def transaction(chain: str, unsigned: object) -> None:
    """Raise UsageError for bytes that the chain reads no unsigned transaction in."""
    payload(unsigned, "A transaction")
    if (known := _chain(chain)) is not None:
        try:
            known.parse(bytes(unsigned))  # type: ignore[call-overload]
        except ChainError as error:
            raise UsageError(
                _sentence(error), f"Build an unsigned transaction of {chain}."
            ) from None


def payment(chain: str, to: object, value: object, data: object) -> None:
    """Raise UsageError for a payment that the chain cannot carry."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(
            f"A value is a whole number of the smallest unit, not {value!r}.",
            "Wei, satoshi or lamports.",
        )
    if not isinstance(to, str) or not isinstance(data, bytes | bytearray):
        raise UsageError(
            f"A payment has an address (text) and data (bytes), not {_type(to)} and {_type(data)}.",
            "Without data write nothing in its place.",
        )
    if (known := _chain(chain)) is not None:
        try:
            known.require_payable(to, value, bytes(data))
        except ChainError as error:
            raise UsageError(
                _sentence(error), f"Give an address and an amount of {chain}."
            ) from None


def _chain(caip2: str) -> Chain | None:
    """The chain, where it is known and its library is installed."""
    try:
        return chain_for(caip2)
    except ModuleNotFoundError:
        return None
    except ChainError as error:
        raise UsageError(_sentence(error), "See the known chains: zrsign ids") from None


def _type(given: object) -> str:
    return type(given).__name__


def _sentence(error: ChainError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:].rstrip(".") + "."
