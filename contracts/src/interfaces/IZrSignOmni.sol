// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ISignRequests} from "./ISignRequests.sol";
import {IZrSignConfig} from "./IZrSignConfig.sol";

/// @title Omni
/// @notice The whole interface of a deployment whose answers stay on the ledger.
interface IZrSignOmni is ISignRequests, IZrSignConfig {
    /// @notice Number of wallets that an owner requested.
    /// @param walletTypeId Wallet type.
    /// @param owner Owner.
    /// @return Count; wallet indices run below it.
    function getWalletCount(bytes32 walletTypeId, address owner) external view returns (uint256);
}
