// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {CompactAnswer} from "./libraries/CompactAnswers.sol";
import {Request} from "./libraries/Requests.sol";
import {Terms} from "./libraries/Terms.sol";
import {Wallet} from "./libraries/Wallets.sol";
import {ZrSignTypes} from "./libraries/ZrSignTypes.sol";

/// @title State
/// @notice The same for Direct and Omni, so that one can become the other in place.
/// @dev Every request reads and writes `terms`, the one slot that carries all that changes with it. Fields are only ever
/// appended.
abstract contract ZrSignStorage {
    /// @dev Caps; 0 is none but the width of the field in the terms.
    struct Limits {
        uint32 cancelDelay;
        uint72 maxMpcFee;
        uint24 maxRespGas;
        uint16 maxBuffer;
    }

    /// @custom:storage-location erc7201:zrsign.storage.core
    struct SignStorage {
        Terms terms;
        Limits limits;
        mapping(bytes32 walletTypeId => ZrSignTypes.ChainInfo) walletTypes;
        mapping(bytes32 walletTypeId => mapping(bytes32 chainId => bool)) chainIds;
        mapping(bytes32 workspaceId => uint256) walletCount;
        mapping(bytes32 walletId => Wallet) wallets;
        mapping(uint256 traceId => Request) requests;
        mapping(uint256 traceId => bytes) answers;
        mapping(address account => uint256) credit;
        mapping(uint256 traceId => CompactAnswer) compact;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("zrsign.storage.core")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SIGN_STORAGE = 0x48ebde936d398c84eeb05a4a224a8389020d9a136a0bf0fb567d809492b2d200;

    /// @dev An owner's wallets of one type.
    function _workspaceId(bytes32 walletTypeId, address owner) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner));
    }

    /// @dev One wallet of an owner.
    function _walletId(bytes32 walletTypeId, address owner, uint256 walletIndex) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner, walletIndex));
    }

    function _signStorage() internal pure returns (SignStorage storage $) {
        assembly ("memory-safe") {
            $.slot := SIGN_STORAGE
        }
    }
}
