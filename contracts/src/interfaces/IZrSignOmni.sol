// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title Omni
/// @notice What a deployment whose answers stay on the ledger has beside the requests of `ISign`.
interface IZrSignOmni {
    /// @notice A caller named a ledger account for its workspace.
    event ZrAccountLinked(address indexed owner, string account);
    /// @notice The collected fees were paid out; emitted by `withdrawFees`.
    event FeeWithdraw(address indexed to, uint256 indexed amount);

    /// @notice A ledger account has 1 to 128 bytes.
    error InvalidAccountLength(uint256 length);

    /// @notice Names a ledger account that manages the caller's workspace.
    /// @param account The account, in the ledger's notation.
    function zrLinkAccount(string calldata account) external;

    /// @notice Pays the collected fees to the caller, under the name of the second version. Only FEE_ROLE.
    function withdrawFees() external;

    /// @notice Number of wallets that an owner requested.
    /// @param walletTypeId Wallet type.
    /// @param owner Owner.
    /// @return Count; wallet indices run below it.
    function getWalletCount(bytes32 walletTypeId, address owner) external view returns (uint256);
}
