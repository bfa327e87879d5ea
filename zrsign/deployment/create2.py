"""Addresses that depend on what is deployed and by whom, and not on the chain (EIP-1014).

Library, implementation and factory are created through the deterministic deployment proxy, which
one presigned transaction puts at the same address on any chain; nobody holds the key that signed
it. The factory makes the proxies.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_typing import ChecksumAddress, HexAddress, HexStr
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.utils.address import get_create2_address

from zrsign.contracts import artifact
from zrsign.deployment.plan import Mode

CREATE2_DEPLOYER = to_checksum_address("0x4e59b44847b379578588920ca78fbf26c0b4956c")
PRESIGNED = bytes.fromhex(
    "f8a58085174876e800830186a08080b853604580600e600039806000f350fe7fffffffffffffffffffffffff"
    "ffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd"
    "5b8082525050506014600cf31ba0222222222222222222222222222222222222222222222222222222222222"
    "2222a02222222222222222222222222222222222222222222222222222222222222222"
)
"""Creates `CREATE2_DEPLOYER`. Legacy without chain id (EIP-155), so it is valid on every chain."""
PRESIGNED_SENDER = to_checksum_address("0x3fab184622dc19b6109349b94811493bf2a45362")
PRESIGNED_COST_WEI = 100_000 * 100 * 10**9
NO_SALT = bytes(32)


@dataclass(frozen=True)
class Creation:
    """A contract at its address, and the code that creates it there."""

    name: str
    address: ChecksumAddress
    code: bytes

    @property
    def call(self) -> bytes:
        """What `CREATE2_DEPLOYER` is called with."""
        return NO_SALT + self.code


def create2_address(creator: str, salt: bytes, code: bytes) -> ChecksumAddress:
    """keccak256(0xff ++ creator ++ salt ++ keccak256(code))[12:], as EIP-1014 says."""
    return get_create2_address(
        HexAddress(HexStr(creator)), HexStr("0x" + salt.hex()), HexStr("0x" + code.hex())
    )


def creations(mode: Mode) -> tuple[Creation, Creation, Creation]:
    """Library, implementation and factory, as packaged."""
    library = create2_creation("ZrSignTypes", artifact("ZrSignTypes").link())
    implementation = artifact(mode.contract).link({"ZrSignTypes": library.address})
    return (
        library,
        create2_creation(mode.contract, implementation),
        create2_creation("ZrSignFactory", artifact("ZrSignFactory").link()),
    )


def proxy_address(factory: str, deployer: str, salt: bytes) -> ChecksumAddress:
    """Where the factory puts the proxy of a deployer, as its `addressOf` says."""
    bound = keccak(encode(["address", "bytes32"], [deployer, salt]))
    constructor = encode(["address", "address", "bytes"], [factory, factory, b""])
    return create2_address(factory, bound, artifact("ZrProxy").link() + constructor)


def create2_creation(name: str, code: bytes) -> Creation:
    """A contract that `CREATE2_DEPLOYER` makes of `code`."""
    return Creation(name, create2_address(CREATE2_DEPLOYER, NO_SALT, code), code)
