// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title Example target
/// @notice Counts calls, so that a contract call from a wallet on another chain has something to show for itself.
contract Counter {
    /// @notice The counter moved.
    event Incremented(address indexed caller, uint256 number);

    /// @notice How often it was called.
    uint256 public number;

    /// @notice Adds one.
    function increment() external {
        number += 1;
        emit Incremented(msg.sender, number);
    }
}
