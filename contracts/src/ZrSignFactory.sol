// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ZrProxy} from "./ZrProxy.sol";
import {IZrSignConfig} from "./interfaces/IZrSignConfig.sol";

/// @title Factory
/// @notice Creates proxies whose address follows from the caller and a salt alone, so that a deployer gets the same
/// address on every chain, whatever implementation is current when it gets there.
/// @dev Itself created with CREATE2, it has one address everywhere. The caller is part of the salt: nobody else can
/// take its address on a chain where it was not yet.
contract ZrSignFactory {
    bytes32 private constant DEFAULT_ADMIN_ROLE = 0;

    /// @notice A proxy was created.
    event ProxyCreated(address indexed proxy, address indexed deployer, address implementation, address proxyAdmin);

    /// @notice Creates a proxy and initialises it, all at once. The caller gets DEFAULT_ADMIN_ROLE.
    /// @param implementation Implementation, a contract.
    /// @param proxyAdmin Who may upgrade; not the caller, because a proxy keeps its administrator away.
    /// @param salt Any number; each gives another address.
    /// @return Address of the proxy.
    function create(address implementation, address proxyAdmin, bytes32 salt) external returns (address) {
        ZrProxy proxy = new ZrProxy{salt: _salt(msg.sender, salt)}(address(this), address(this), "");
        proxy.upgradeToAndCall(implementation, abi.encodeCall(IZrSignConfig.initializeV1, ()));
        proxy.changeAdmin(proxyAdmin);
        IAccessControl(address(proxy)).grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        IAccessControl(address(proxy)).renounceRole(DEFAULT_ADMIN_ROLE, address(this));
        emit ProxyCreated(address(proxy), msg.sender, implementation, proxyAdmin);
        return address(proxy);
    }

    /// @notice Where a deployer's proxy is, or will be.
    /// @param deployer Who calls `create`.
    /// @param salt Its salt.
    /// @return Address of the proxy (EIP-1014).
    function addressOf(address deployer, bytes32 salt) external view returns (address) {
        bytes memory code =
            abi.encodePacked(type(ZrProxy).creationCode, abi.encode(address(this), address(this), bytes("")));
        bytes32 hash = keccak256(abi.encodePacked(bytes1(0xff), address(this), _salt(deployer, salt), keccak256(code)));
        return address(uint160(uint256(hash)));
    }

    function _salt(address deployer, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(deployer, salt));
    }
}
