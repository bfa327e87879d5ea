// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignTypes} from "../libraries/ZrSignTypes.sol";

/// @title State of the older contracts
/// @notice Where the Direct contracts of October 2024 keep what they know, below the same proxy.
/// @dev Their layout is an interface, like their ABI. Roles and the initialised version lie where ours do.
library OlderState {
    /// @dev `value` is held for the answer; `status` 1 is open, 2 answered.
    struct WalletRegistry {
        uint8 status;
        uint8 options;
        uint256 value;
    }

    /// @dev `value` is held for the answer; `status` 1 is open, 2 answered.
    struct ReqRegistry {
        uint8 status;
        uint256 value;
    }

    /// @dev Begins with five words that are zero where no older contract was configured, or nothing is left of it.
    struct Layout {
        uint256 mpcFee;
        uint256 collected;
        uint256 respGas;
        uint256 buffer;
        uint256 traceId;
        mapping(bytes32 walletTypeId => ZrSignTypes.ChainInfo) walletTypes;
        mapping(bytes32 walletTypeId => mapping(bytes32 chainId => bool)) chainIds;
        mapping(bytes32 workspaceId => string[]) wallets;
        mapping(bytes32 walletId => WalletRegistry) registry;
        mapping(uint256 traceId => ReqRegistry) requests;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("zrsign.storage.sign")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SLOT = 0xa30be26d48c79c53518f37fd0be48e3bd1b55edc6a24c0bc6a2effeee4c2c800;
    /// @dev keccak256(abi.encode(uint256(keccak256("openzeppelin.storage.Pausable")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant PAUSED_SLOT = 0xcd5ed15c6e187e77e9aee88184c21f4f2182ab5827cb3b7e07fbedcd63f03300;

    /// @notice Older contracts worked behind this proxy, and their state was not carried over.
    error NotMigrated();

    function load() internal pure returns (Layout storage $) {
        assembly ("memory-safe") {
            $.slot := SLOT
        }
    }

    /// @dev The first five words. What mappings hold is out of reach, and of no use without them.
    function clear() internal {
        Layout storage $ = load();
        $.mpcFee = $.collected = $.respGas = $.buffer = $.traceId = 0;
    }

    function paused() internal view returns (bool value) {
        assembly ("memory-safe") {
            value := and(sload(PAUSED_SLOT), 0xff)
        }
    }

    /// @dev Also finds Omni's second version, whose fee and trace id lie in the first two words.
    function requireNone() internal view {
        Layout storage $ = load();
        if ($.mpcFee | $.collected | $.respGas | $.buffer | $.traceId != 0) revert NotMigrated();
    }
}
