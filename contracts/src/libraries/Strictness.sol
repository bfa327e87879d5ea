// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title Strictness
/// @notice Checks that would break a caller of the older contracts. A bare deployment has none of them.
library Strictness {
    /// @notice A key request must name an owner.
    uint8 internal constant OWNER = 1;
    /// @notice The payload of `zrSignHash` has 32 bytes.
    uint8 internal constant HASH = 2;
    /// @notice Options are 1 or 2, and an owner that asks again chooses them anew.
    uint8 internal constant OPTIONS = 4;
    /// @notice A wallet address must be one of its wallet type.
    uint8 internal constant ADDRESS = 8;
    /// @notice Answers carry an EIP-712 signature that is bound to the request; the EIP-191 form is refused.
    uint8 internal constant TYPED = 16;
    /// @notice A submitter gets at most the gas that it used at the base fee with the margin.
    uint8 internal constant REFUND = 32;
    /// @notice A wallet type has a purpose, a chain id is CAIP-2.
    uint8 internal constant CONFIG = 64;
    /// @notice As Omni's second version: a key request that names a type alone is for a monitored wallet, and Omni also
    /// emits the request events of that version.
    uint8 internal constant OMNI_V2 = 128;
}
