// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

import {ZrSignConnectBase} from "./ZrSignConnectBase.sol";

/// @title Base of a dApp
/// @notice Requests keys and signatures for the contract that inherits it, and pays for them from its balance. Only
/// holders of SPENDER_ROLE can cause a request; the deployer is the first, and administers the role.
/// @dev A function that leads to a `reqSignFor…` needs no guard of its own: the request has it. Override
/// `_authorizeSpend` for another rule. A factory hands its roles on in the derived constructor.
abstract contract ZrSignConnect is ZrSignConnectBase, AccessControl {
    /// @notice May spend the balance and sign with the wallets of this contract.
    bytes32 public constant SPENDER_ROLE = keccak256("zrsign.role.spender");

    /// @notice Sets where requests go; the deployer may spend.
    /// @param zrSignAddress Proxy of a Direct or Omni deployment.
    constructor(address payable zrSignAddress) ZrSignConnectBase(zrSignAddress) {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _grantRole(SPENDER_ROLE, msg.sender);
    }

    /// @notice Takes ether back that is not needed for fees. Only the administrator.
    /// @param to Recipient.
    /// @param amount Wei.
    function withdrawEther(address payable to, uint256 amount) external virtual onlyRole(DEFAULT_ADMIN_ROLE) {
        (bool sent,) = to.call{value: amount}("");
        require(sent, "Transfer failed");
    }

    /// @inheritdoc ZrSignConnectBase
    function _authorizeSpend(address caller, bytes4) internal view virtual override {
        _checkRole(SPENDER_ROLE, caller);
    }
}
