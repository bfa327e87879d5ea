// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Wallet types
/// @notice A wallet type is a SLIP-44 style pair (purpose, coin type), named on chain by its hash. A null pair has purpose 0.
/// @dev Deployed once and linked: its functions are public, so that the contracts that use it stay small.
library ZrSignTypes {
    /// @notice A derivation purpose (44) and a SLIP-44 coin type (60 Ethereum, 0 Bitcoin, 1 test networks, 501 Solana).
    struct ChainInfo {
        uint256 purpose;
        uint256 coinType;
    }

    /// @notice ABI-encodes a wallet type.
    /// @param info The wallet type.
    /// @return 64 bytes: purpose, coin type.
    function encodeChainInfo(ChainInfo memory info) public pure returns (bytes memory) {
        return abi.encode(info.purpose, info.coinType);
    }

    /// @notice Reads what `encodeChainInfo` wrote.
    /// @param data 64 bytes: purpose, coin type.
    /// @return info The wallet type.
    function decodeChainInfo(bytes memory data) public pure returns (ChainInfo memory info) {
        (info.purpose, info.coinType) = abi.decode(data, (uint256, uint256));
    }

    /// @notice The wallet type id.
    /// @param info The wallet type.
    /// @return keccak256(abi.encode(purpose, coinType)).
    function hashChainInfo(ChainInfo memory info) public pure returns (bytes32) {
        return keccak256(encodeChainInfo(info));
    }

    /// @notice Whether a wallet type is unset.
    /// @param info The wallet type.
    /// @return True when its purpose is 0.
    function isNull(ChainInfo memory info) public pure returns (bool) {
        return info.purpose == 0;
    }

    /// @notice Whether a wallet type is set.
    /// @param info The wallet type.
    /// @return True when its purpose is not 0.
    function isNotNull(ChainInfo memory info) public pure returns (bool) {
        return info.purpose != 0;
    }
}
