"""State of accounts.

An account exists once it received coins; its key is known after its first transaction.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from zrchain_lite.account_keys import AccountKey
from zrchain_lite.errors import InvalidArgument, NotFound, TxRejected
from zrchain_lite.module import Context
from zrchain_lite.store.collections import Counter, StoredMap
from zrchain_lite.wire.cosmos.auth.v1beta1.auth_pb2 import BaseAccount, Params
from zrsign_chains import cosmos
from zrsign_chains.errors import ChainError
from zrsign_chains.evm_addresses import evm_address

FEE_COLLECTOR = "fee_collector"

_accounts = StoredMap("auth/account", BaseAccount)
_numbers = Counter("auth/number")
_params = StoredMap("auth/params", Params)

DEFAULT_PARAMS = Params(
    max_memo_characters=256,
    tx_sig_limit=7,
    tx_size_cost_per_byte=10,
    sig_verify_cost_ed25519=590,
    sig_verify_cost_secp256k1=1000,
)


@lru_cache(maxsize=64)
def module_address(name: str) -> str:
    """The account of a module: 20 bytes of SHA-256 of its name. No key belongs to it."""
    return cosmos.encode(cosmos.ACCOUNT_PREFIX, sha256(name.encode()).digest()[:20])


def check_address(address: str) -> None:
    """Raise InvalidArgument unless this is an account address."""
    try:
        _validate(address)
    except ChainError as error:
        raise InvalidArgument(str(error), code=7, codespace="sdk") from None


# bech32 in Python is half of a transfer's time, and the same addresses come again.
_validate = lru_cache(maxsize=16_384)(cosmos.validate)
_evm_address = lru_cache(maxsize=16_384)(evm_address)


def require_key_of(address: str, key: AccountKey) -> None:
    """Raise TxRejected when the key is not this address's."""
    if key.address() != address:
        raise TxRejected(f"the public key does not belong to {address}", code=8)


class AuthKeeper:
    """Accounts of people, and of modules: nobody can sign for the latter or send to them.

    A keeper names its module's account with `module_account` when it is made, which is before the
    application: later, a new name is refused, because nodes would differ in what they know.
    """

    def __init__(self) -> None:
        self._frozen = False
        self.module_accounts: dict[str, str] = {}
        self.module_account(FEE_COLLECTOR)

    def module_account(self, name: str) -> str:
        """Its address. Raises ValueError for a new name once `freeze` was called."""
        address = module_address(name)
        if address not in self.module_accounts:
            if self._frozen:
                raise ValueError(f"module account {name!r} must be named before the application")
            self.module_accounts[address] = name
        return address

    def freeze(self) -> None:
        """Fix the module accounts: whoever names another from now on is refused."""
        self._frozen = True

    def account(self, ctx: Context, address: str) -> BaseAccount:
        """The account of an address; raises NotFound."""
        check_address(address)
        account = _accounts.get(ctx.store, address)
        if account is None:
            raise NotFound(f"account {address} not found: it never received coins")
        return account

    def ensure(self, ctx: Context, address: str) -> None:
        """Create the account if there is none."""
        if not _accounts.has(ctx.store, address):
            number = _numbers.next(ctx.store) - 1
            _accounts.set(ctx.store, address, BaseAccount(address=address, account_number=number))

    def public_key(self, ctx: Context, address: str) -> bytes | None:
        """33 bytes; None before the account's first transaction, and where several keys sign."""
        account = _accounts.get(ctx.store, address)
        if account is None or not account.HasField("pub_key"):
            return None
        return AccountKey.read(account.pub_key).single

    def evm_address(self, ctx: Context, address: str) -> str | None:
        """EIP-55 address of the account's key; None before its first transaction."""
        key = self.public_key(ctx, address)
        return None if key is None else _evm_address(key)

    def set_key(self, ctx: Context, address: str, key: AccountKey) -> None:
        """Remember the key; raises TxRejected when it is not this address's."""
        require_key_of(address, key)
        account = self.account(ctx, address)
        if not account.HasField("pub_key"):
            account.pub_key.CopyFrom(key.packed())
            _accounts.set(ctx.store, address, account)

    def count_transaction(self, ctx: Context, account: BaseAccount, key: AccountKey | None) -> None:
        """Count one further transaction of an account, and remember the key that it named."""
        if key is not None and not account.HasField("pub_key"):
            account.pub_key.CopyFrom(key.packed())
        account.sequence += 1
        _accounts.set(ctx.store, account.address, account)

    def params(self, ctx: Context) -> Params:
        """The limits of a transaction and the gas of its size and signatures."""
        return _params.get(ctx.store, b"") or DEFAULT_PARAMS

    def set_params(self, ctx: Context, params: Params) -> None:
        """Replace the parameters."""
        _params.set(ctx.store, b"", params)

    @property
    def accounts_prefix(self) -> bytes:
        """The keys of all accounts begin with this."""
        return _accounts.prefix

    def accounts_count(self, ctx: Context) -> int:
        """How many accounts there are; none is ever removed."""
        return _numbers.current(ctx.store)
