// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {SignTypes} from "../libraries/SignTypes.sol";

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

    /// @notice The account stopped requests and answers.
    event Paused(address account);
    /// @notice The account ended the pause.
    event Unpaused(address account);
    /// @notice What the deployment demands changed.
    event SafetyUpdate(SignTypes.Safety safety);

    /// @notice Requests and answers are stopped.
    error EnforcedPause();
    /// @notice Nothing is paused.
    error ExpectedPause();
    /// @notice A fee, a gas amount or a margin is above its cap.
    error AboveCap(uint256 cap, uint256 value);
    /// @notice A purpose of 0 or a chain id that is not CAIP-2, where these are refused.
    error InvalidConfiguration();
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

    /// @notice Sets what the deployment demands of its callers, and caps for its fees. Only DEFAULT_ADMIN_ROLE.
    /// @param safety All of it; caps bind the next change of a fee.
    function configureSafety(SignTypes.Safety calldata safety) external;

    /// @notice What the deployment demands of its callers, and caps for its fees.
    /// @return All of it.
    function getSafety() external view returns (SignTypes.Safety memory);

    /// @notice Stops requests and answers; refunds go on. Only PAUSER_ROLE.
    function pause() external;

    /// @notice Ends the pause. Only PAUSER_ROLE.
    function unpause() external;

    /// @notice Whether requests and answers are stopped.
    /// @return True when they are.
    function paused() external view returns (bool);
}
