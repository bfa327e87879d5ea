// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title Call that cannot harm its caller
/// @notice The callee gets no more than `gasLimit` gas (and the stipend), and what it returns is never copied.
library LimitedCall {
    /// @dev Whether the callee succeeded.
    function attempt(address to, uint256 gasLimit, bytes memory data) internal returns (bool done) {
        assembly ("memory-safe") {
            done := call(gasLimit, to, 0, add(data, 0x20), mload(data), 0, 0)
        }
    }

    /// @dev Whether the recipient took the payment.
    function pay(address to, uint256 value, uint256 gasLimit) internal returns (bool done) {
        assembly ("memory-safe") {
            done := call(gasLimit, to, value, 0, 0, 0, 0)
        }
    }
}
