"""What to deploy: one plan, built without I/O, that any signer can send.

`build` turns a `Plan` into transactions with consecutive nonces. Addresses of created contracts
follow from sender and nonce (Yellow Paper, section 7), so that no transaction waits for another.
`deploy.deploy` sends them through web3; `scripts/deploy.py` sends the same ones through ape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from typing import TYPE_CHECKING, cast

from eth_abi.abi import encode
from eth_utils.abi import function_signature_to_4byte_selector
from eth_utils.address import is_checksum_address
from eth_utils.crypto import keccak
from web3.utils.address import get_create_address

from zrsign.contracts import artifact
from zrsign.errors import ZrSignError
from zrsign_chains import WALLET_TYPES, WalletType, networks_of

if TYPE_CHECKING:
    from eth_typing import ChecksumAddress, HexAddress
    from web3.types import Nonce

MPC_ROLE = keccak(text="zenrock.role.mpc")
FEE_ROLE = keccak(text="zenrock.role.fee")
PAUSER_ROLE = keccak(text="zenrock.role.pauser")

_CALL_GAS = 150_000
_CREATE_GAS = 600_000
_CREATE_GAS_PER_BYTE = 200 + 16 + 2


class DeployError(ZrSignError):
    """The plan cannot be carried out; the message says which step and what to do."""


class Mode(StrEnum):
    """Where answers go: back to the contract, or nowhere but the ledger."""

    DIRECT = "direct"
    OMNI = "omni"

    @property
    def contract(self) -> str:
        """Name of the implementation."""
        return "ZrSign" if self is Mode.DIRECT else "ZrSignOmni"


@dataclass(frozen=True)
class WalletSupport:
    """A wallet type and the CAIP-2 ids of the chains that it may sign for."""

    wallet: WalletType
    chains: tuple[str, ...]


WALLETS = tuple(WalletSupport(wallet, networks_of(wallet)) for wallet in WALLET_TYPES)
"""Every wallet type with every chain that the project names."""


class Strictness(IntFlag):
    """Checks that would break a caller of the older contracts.

    The meaning of each is in contracts/src/libraries/Strictness.sol.
    """

    OWNER = 1
    HASH = 2
    OPTIONS = 4
    ADDRESS = 8
    TYPED = 16
    REFUND = 32
    CONFIG = 64
    OMNI_V2 = 128


@dataclass(frozen=True)
class Safety:
    """What a deployment demands of its callers, and how far its fees may go.

    An unanswered request may be cancelled after `cancel_delay_s`. Caps are in wei, gas and percent.
    """

    strictness: Strictness = (
        Strictness.OWNER
        | Strictness.HASH
        | Strictness.OPTIONS
        | Strictness.ADDRESS
        | Strictness.TYPED
        | Strictness.REFUND
        | Strictness.CONFIG
    )
    cancel_delay_s: int = 86_400
    max_mpc_fee_wei: int = 10**17
    max_resp_gas: int = 2_000_000
    max_resp_gas_price_buffer: int = 500


@dataclass(frozen=True)
class Plan:
    """What to deploy.

    `mpc` is the account that signs answers, `proxy_admin` the one that may upgrade (not the
    deployer: a proxy never lets its administrator through). `fee_admin` and `pauser` are the
    deployer when they are None. Fees are in wei; `resp_gas_price_buffer` is in percent. Without a
    `safety` the contract accepts what the older ones accepted.
    """

    mode: Mode
    mpc: str
    proxy_admin: str
    fee_admin: str | None = None
    pauser: str | None = None
    mpc_fee_wei: int = 5 * 10**14
    resp_gas: int = 250_000
    resp_gas_price_buffer: int = 120
    wallets: tuple[WalletSupport, ...] = WALLETS
    safety: Safety | None = Safety()


@dataclass(frozen=True)
class Step:
    """One transaction: a creation when `to` is None. `gas` is its limit."""

    label: str
    to: ChecksumAddress | None
    data: bytes = field(repr=False)
    gas: int


@dataclass(frozen=True)
class Addresses:
    """The contracts that a plan creates."""

    library: ChecksumAddress
    implementation: ChecksumAddress
    proxy: ChecksumAddress


@dataclass(frozen=True)
class Deployment:
    """A finished deployment. `address` is the proxy, which is the contract that dApps talk to.

    `block_number` is the block of the proxy's creation: no event is older.
    """

    mode: Mode
    chain_id: int
    address: ChecksumAddress
    implementation: ChecksumAddress
    library: ChecksumAddress
    block_number: int


def build(plan: Plan, deployer: ChecksumAddress, nonce: int) -> tuple[Addresses, tuple[Step, ...]]:
    """The transactions of `plan`, to be sent by `deployer` with nonces from `nonce` on.

    Raises `DeployError` for an address that is not in EIP-55 notation, and when the deployer is
    the proxy's administrator.
    """
    for name in ("mpc", "proxy_admin", "fee_admin", "pauser"):
        address = getattr(plan, name)
        if address is not None and not is_checksum_address(address):
            raise DeployError(f"{name}: {address!r} is not an address in EIP-55 notation.")
    if plan.proxy_admin == deployer:
        raise DeployError(
            f"{deployer} cannot be both deployer and proxy administrator: the "
            "account that changes code is to have no other power.",
            "Name another proxy_admin.",
        )
    addresses = Addresses(*(_created(deployer, nonce + place) for place in range(3)))
    return addresses, (
        *_creations(plan, addresses),
        *_safety(plan.safety, addresses.proxy),
        *_support(plan, addresses.proxy),
        *_fees_and_roles(plan, addresses.proxy, deployer),
    )


def deployment(plan: Plan, chain_id: int, addresses: Addresses, block_number: int) -> Deployment:
    """What is known once the plan's transactions are in blocks, the proxy's in `block_number`."""
    return Deployment(
        mode=plan.mode,
        chain_id=chain_id,
        address=addresses.proxy,
        implementation=addresses.implementation,
        library=addresses.library,
        block_number=block_number,
    )


def _created(sender: HexAddress, nonce: int) -> ChecksumAddress:
    return get_create_address(sender, cast("Nonce", nonce))


def _creations(plan: Plan, addresses: Addresses) -> tuple[Step, ...]:
    implementation = artifact(plan.mode.contract).link({"ZrSignTypes": addresses.library})
    constructor = encode(
        ["address", "address", "bytes"],
        [addresses.implementation, plan.proxy_admin, _selector("initializeV1()")],
    )
    return (
        _create("ZrSignTypes", artifact("ZrSignTypes").link()),
        _create(plan.mode.contract, implementation),
        _create("ZrProxy", artifact("ZrProxy").link() + constructor),
    )


def _safety(safety: Safety | None, proxy: ChecksumAddress) -> list[Step]:
    """First of all settings, so that the others obey it."""
    if safety is None:
        return []
    values = (
        int(safety.strictness),
        safety.cancel_delay_s,
        safety.max_mpc_fee_wei,
        safety.max_resp_gas,
        safety.max_resp_gas_price_buffer,
    )
    signature = "configureSafety((uint8,uint32,uint256,uint256,uint256))"
    data = encode(["uint8", "uint32", "uint256", "uint256", "uint256"], values)
    return [_call(proxy, signature, data, safety.strictness.name or "none")]


def _support(plan: Plan, proxy: ChecksumAddress) -> list[Step]:
    steps = []
    for support in plan.wallets:
        purpose, coin_type = support.wallet.purpose, support.wallet.coin_type
        data = encode(["uint256", "uint256", "bool"], [purpose, coin_type, True])
        about = f"{purpose}/{coin_type}"
        steps.append(_call(proxy, "walletTypeIdConfig(uint256,uint256,bool)", data, about))
        for caip in support.chains:
            data = encode(["bytes32", "string", "bool"], [support.wallet.id, caip, True])
            steps.append(_call(proxy, "chainIdConfig(bytes32,string,bool)", data, caip))
    return steps


def _fees_and_roles(plan: Plan, proxy: ChecksumAddress, deployer: str) -> list[Step]:
    """The deployer sets the fees, then gives the fee role away if it is another's."""
    fees = {"updateMPCFee(uint256)": plan.mpc_fee_wei}
    if plan.mode is Mode.DIRECT:
        fees["updateRespGas(uint256)"] = plan.resp_gas
        fees["updateRespGasBuffer(uint256)"] = plan.resp_gas_price_buffer
    steps = [
        _grant(proxy, MPC_ROLE, plan.mpc, "MPC_ROLE"),
        _grant(proxy, PAUSER_ROLE, plan.pauser or deployer, "PAUSER_ROLE"),
        _grant(proxy, FEE_ROLE, deployer, "FEE_ROLE"),
        *(
            _call(proxy, signature, encode(["uint256"], [amount]), str(amount))
            for signature, amount in fees.items()
        ),
    ]
    if plan.fee_admin is not None and plan.fee_admin != deployer:
        renounce = encode(["bytes32", "address"], [FEE_ROLE, deployer])
        steps.append(_grant(proxy, FEE_ROLE, plan.fee_admin, "FEE_ROLE"))
        steps.append(_call(proxy, "renounceRole(bytes32,address)", renounce, "FEE_ROLE"))
    return steps


def _create(name: str, code: bytes) -> Step:
    gas = _CREATE_GAS + _CREATE_GAS_PER_BYTE * len(code)
    return Step(f"creation of {name}", None, code, gas)


def _call(to: ChecksumAddress, signature: str, arguments: bytes, about: str) -> Step:
    label = f"{signature.partition('(')[0]} ({about})"
    return Step(label, to, _selector(signature) + arguments, _CALL_GAS)


def _grant(proxy: ChecksumAddress, role: bytes, account: str, name: str) -> Step:
    data = encode(["bytes32", "address"], [role, account])
    return _call(proxy, "grantRole(bytes32,address)", data, f"{name} to {account}")


def _selector(signature: str) -> bytes:
    return function_signature_to_4byte_selector(signature)
