// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Configuration
/// @notice What the administrator and the holder of the fee role set on every deployment.
interface IZrSignConfig {
    /// @notice A wallet type was enabled or disabled.
    event WalletTypeIdSupport(
        uint256 indexed purpose, uint256 indexed coinType, bytes32 indexed walletTypeId, bool support
    );
    /// @notice A chain was enabled or disabled for a wallet type.
    event ChainIdSupport(bytes32 indexed walletTypeId, bytes32 indexed chainId, string caip, bool support);
    /// @notice The fee of the signing network changed.
    event MPCFeeUpdate(uint256 indexed oldBaseFee, uint256 indexed newBaseFee);
    /// @notice The collected fees of the signing network were paid out.
    event MPCFeeWithdraw(address indexed to, uint256 indexed amount);

    /// @notice The wallet type is enabled already.
    error WalletTypeAlreadySupported(bytes32 walletTypeId);
    /// @notice The chain is enabled already for the wallet type.
    error ChainIdAlreadySupported(bytes32 walletTypeId, bytes32 chainId);

    /// @notice Makes the caller the administrator. Once, from the constructor of the proxy.
    function initializeV1() external;

    /// @notice Enables or disables a wallet type. Only DEFAULT_ADMIN_ROLE.
    /// @param purpose Derivation purpose, not 0.
    /// @param coinType SLIP-44 coin type.
    /// @param support True to enable.
    function walletTypeIdConfig(uint256 purpose, uint256 coinType, bool support) external;

    /// @notice Enables or disables a chain for a wallet type. Only DEFAULT_ADMIN_ROLE.
    /// @param walletTypeId Wallet type, enabled.
    /// @param caip CAIP-2 id of the chain.
    /// @param support True to enable.
    function chainIdConfig(bytes32 walletTypeId, string calldata caip, bool support) external;

    /// @notice Sets the fee of the signing network for options 1. Only FEE_ROLE.
    /// @param newMPCFee Wei.
    function updateMPCFee(uint256 newMPCFee) external;

    /// @notice Pays the collected fees of the signing network to the caller. Only FEE_ROLE.
    function withdrawMPCFees() external;
}
