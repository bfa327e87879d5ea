"""The errors of the package: one tree of bad input, every leaf also a `ValueError`."""

from __future__ import annotations


class ChainError(ValueError):
    """Root of everything that `zrsign_chains` raises on bad input."""


class UnknownChain(ChainError):
    """A CAIP-2 id that is malformed or that no chain file serves."""


class UnknownWalletType(ChainError):
    """A wallet type id or coin type that is not in the table."""


class MalformedAddress(ChainError):
    """An address that is not valid on the chain it is meant for."""


class MalformedKey(ChainError):
    """A public key of the wrong length, encoding, or not on its curve."""


class MalformedPayload(ChainError):
    """A SimpleTx payload that does not decode."""


class MalformedTransaction(ChainError):
    """Bytes that are not an unsigned transaction this chain can sign."""


class WrongNetwork(ChainError):
    """A transaction or address that names another network than the one it is meant for."""


class BadSignature(ChainError):
    """A signature that is malformed, has a high s, or does not verify."""


class ForeignSigner(ChainError):
    """A signature of a transaction that another key than the named one has to make."""


class ForeignInput(ForeignSigner):
    """A coin that a transaction spends and the named key does not own."""


class InvalidAmount(ChainError):
    """An amount that the chain's payments cannot carry."""


class DataNotSupported(ChainError):
    """Data that the chain's payments cannot carry."""


class IntentMismatch(ChainError):
    """A composed transaction does something else than what was asked."""


class FeeAboveCap(ChainError):
    """The network fee would exceed the cap of the request."""


class InsufficientFunds(ChainError):
    """The coins of a key do not cover the amount and the fee (figures in satoshi)."""

    def __init__(self, *, required_sats: int, available_sats: int, coins: int) -> None:
        self.required_sats = required_sats
        self.available_sats = available_sats
        self.coins = coins
        super().__init__(
            f"{required_sats} sats are needed (amount and fee), {coins} spendable coins hold "
            f"{available_sats}: fund the key with at least {required_sats - available_sats} sats"
        )


class LibraryMissing(ModuleNotFoundError):
    """What reads this chain is not installed; the message says which extra brings it.

    No `ChainError`: who decides with others must stop here, and not take the chain's bytes for bad.
    """
