// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title Consumer of answers
/// @notice What a contract offers to be told of answers to its requests (`setAnswerDelivery`).
interface IZrSignConsumer {
    /// @notice A request was answered. Check that the caller is the zrSign contract. It has 100 000 gas; whether it
    /// succeeds changes nothing of the answer.
    /// @param traceId The request.
    /// @param metaData The answer's metadata.
    /// @param signature The signature.
    function onZrSignResponse(uint256 traceId, bytes calldata metaData, bytes calldata signature) external;
}
