// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @notice A signature request in one storage slot. From the lowest bit: status 8, delivery 8, held wei 80, time of the
/// request 32, commitment 128.
type Request is uint256;

using Requests for Request global;

/// @title Signature requests
/// @dev The commitment stands for owner, broadcast flag and context (wallet, chain, payload, kind): an answer and a
/// cancellation name them again. 128 bits are enough against a second preimage; a collision would need an owner who
/// makes two own requests alike.
library Requests {
    uint256 private constant DELIVERY = 8;
    uint256 private constant HELD = 16;
    uint256 private constant REQUESTED_AT = 96;
    uint256 private constant COMMITMENT = 128;

    /// @dev `held` is of at most 80 bits.
    function open(uint8 status_, uint8 delivery_, uint256 held_, bytes32 commitment_) internal view returns (Request) {
        return Request.wrap(
            status_ | (uint256(delivery_) << DELIVERY) | (held_ << HELD)
                | (uint256(uint32(block.timestamp)) << REQUESTED_AT) | (uint256(commitment_) >> 128 << COMMITMENT)
        );
    }

    function status(Request request) internal pure returns (uint8) {
        return uint8(Request.unwrap(request));
    }

    function delivery(Request request) internal pure returns (uint8) {
        return uint8(Request.unwrap(request) >> DELIVERY);
    }

    function held(Request request) internal pure returns (uint256) {
        return uint80(Request.unwrap(request) >> HELD);
    }

    function requestedAt(Request request) internal pure returns (uint256) {
        return uint32(Request.unwrap(request) >> REQUESTED_AT);
    }

    function commitment(Request request) internal pure returns (bytes16) {
        return bytes16(uint128(Request.unwrap(request) >> COMMITMENT));
    }

    /// @dev Ends a request that holds nothing any more.
    function close(Request request, uint8 status_) internal pure returns (Request) {
        uint256 kept = Request.unwrap(request) & ~(uint256(type(uint80).max) << HELD);
        return Request.wrap(kept >> 8 << 8 | status_);
    }

    /// @dev What a signature is asked for: the wallet (it names chain, contract, type, owner and index), the
    /// destination, the payload and the kind of request.
    function context(bytes32 walletId, bytes32 dstChainId, bytes32 payloadHash, uint8 reqType)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(walletId, dstChainId, payloadHash, reqType));
    }

    function commit(address owner, bool broadcast, bytes32 context_) internal pure returns (bytes32) {
        return keccak256(abi.encode(owner, broadcast, context_));
    }

    function matches(Request request, address owner, bool broadcast, bytes32 context_) internal pure returns (bool) {
        return request.commitment() == bytes16(commit(owner, broadcast, context_));
    }
}
