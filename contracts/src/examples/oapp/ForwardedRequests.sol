// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title What travels from a requester to the forwarder
/// @notice A message is (kind, user, content).
library ForwardedRequests {
    /// @notice Asks for a wallet, for at most `maxFee` wei.
    struct Key {
        bytes32 walletTypeId;
        uint8 options;
        uint256 maxFee;
    }

    /// @notice Asks a wallet of the user for the signature of an unsigned transaction, for at most `maxFee` wei.
    struct Transaction {
        bytes32 walletTypeId;
        uint256 walletIndex;
        bytes32 dstChainId;
        bytes payload;
        bool broadcast;
        uint256 maxFee;
    }

    /// @notice Takes an unanswered signature request of the user back; `context` is what `requestContext` says of it.
    struct Cancellation {
        uint256 traceId;
        bool broadcast;
        bytes32 context;
    }

    /// @notice Takes an unanswered key request of the user back.
    struct KeyCancellation {
        bytes32 walletTypeId;
        uint256 walletIndex;
    }

    /// @notice Pays ether of the user out, on the forwarder's chain.
    struct Withdrawal {
        address payable to;
        uint256 amount;
    }

    uint8 internal constant KEY = 1;
    uint8 internal constant TRANSACTION = 2;
    uint8 internal constant CANCELLATION = 3;
    uint8 internal constant KEY_CANCELLATION = 4;
    uint8 internal constant WITHDRAWAL = 5;

    /// @dev A message.
    function encode(uint8 kind, bytes32 user, bytes memory content) internal pure returns (bytes memory) {
        return abi.encode(kind, user, content);
    }

    /// @dev Kind, user and content of a message.
    function decode(bytes calldata message) internal pure returns (uint8 kind, bytes32 user, bytes memory content) {
        return abi.decode(message, (uint8, bytes32, bytes));
    }
}
