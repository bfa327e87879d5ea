// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @notice A message to send; field order is that of a LayerZero V2 endpoint.
struct MessagingParams {
    uint32 dstEid;
    bytes32 receiver;
    bytes message;
    bytes options;
    bool payInLzToken;
}

/// @notice What sending costs, in wei of this chain.
struct MessagingFee {
    uint256 nativeFee;
    uint256 lzTokenFee;
}

/// @notice A message that was sent.
struct MessagingReceipt {
    bytes32 guid;
    uint64 nonce;
    MessagingFee fee;
}

/// @notice Where a message comes from: endpoint id, sender there, its number between the two.
struct Origin {
    uint32 srcEid;
    bytes32 sender;
    uint64 nonce;
}

/// @title Message endpoint
/// @notice The part of a LayerZero V2 endpoint that the examples use.
interface IMessageEndpoint {
    /// @notice What a message costs.
    /// @param params The message.
    /// @param sender Who will send it.
    /// @return Fee.
    function quote(MessagingParams calldata params, address sender) external view returns (MessagingFee memory);

    /// @notice Sends a message.
    /// @param params The message.
    /// @param refundAddress Who gets what was paid too much.
    /// @return Receipt.
    function send(MessagingParams calldata params, address refundAddress)
        external
        payable
        returns (MessagingReceipt memory);
}

/// @title Message receiver
/// @notice What an endpoint calls.
interface IMessageReceiver {
    /// @notice Takes a message. Only the endpoint calls it.
    /// @param origin Where it comes from.
    /// @param guid Its id, unique over all chains.
    /// @param message Its content.
    /// @param executor Who caused the delivery.
    /// @param extraData What the executor adds; nobody vouches for it.
    function lzReceive(
        Origin calldata origin,
        bytes32 guid,
        bytes calldata message,
        address executor,
        bytes calldata extraData
    ) external payable;

    /// @notice Whether a first message from there would be taken.
    /// @param origin Where it comes from.
    /// @return True when it would.
    function allowInitializePath(Origin calldata origin) external view returns (bool);

    /// @notice The number that the next message must have.
    /// @param srcEid Endpoint id.
    /// @param sender Sender there.
    /// @return 0: any, messages need no order.
    function nextNonce(uint32 srcEid, bytes32 sender) external view returns (uint64);
}
