// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title What travels from a requester to the forwarder
/// @notice A message is (kind, user, content).
library ForwardedRequests {
    /// @notice Asks for a wallet.
    struct Key {
        bytes32 walletTypeId;
        uint8 options;
    }

    /// @notice Asks a wallet of the user for the signature of an unsigned transaction.
    struct Transaction {
        bytes32 walletTypeId;
        uint256 walletIndex;
        bytes32 dstChainId;
        bytes payload;
        bool broadcast;
    }

    uint8 internal constant KEY = 1;
    uint8 internal constant TRANSACTION = 2;

    /// @dev The message of a key request.
    function encode(bytes32 user, Key memory request) internal pure returns (bytes memory) {
        return abi.encode(KEY, user, abi.encode(request));
    }

    /// @dev The message of a signature request.
    function encode(bytes32 user, Transaction memory request) internal pure returns (bytes memory) {
        return abi.encode(TRANSACTION, user, abi.encode(request));
    }

    /// @dev Kind, user and content of a message.
    function decode(bytes calldata message) internal pure returns (uint8 kind, bytes32 user, bytes memory content) {
        return abi.decode(message, (uint8, bytes32, bytes));
    }
}
