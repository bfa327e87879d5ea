// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {SignTypes} from "./SignTypes.sol";

/// @title Events of the second version
/// @dev Logged by topic, so that the ABI of a deployment has one event of a name; `IZrSignOmniV2` is the ABI of these.
library V2Events {
    /// @dev keccak256("ZrKeyRequest(bytes32,address)")
    bytes32 internal constant KEY_REQUEST = 0x2035a297d6004d8f3c57622c4879c11dda382d8937e84b850c59f42b65985dd3;
    /// @dev keccak256("ZrSigRequest(bytes32,bytes32,bytes32,address,uint256,bytes32,bytes,uint8,bool)")
    bytes32 internal constant SIG_REQUEST = 0x0b0160472e52acab62654f46d7e62b8e8d64df68467301b75dd6adc6b55da71c;
    /// @dev Kinds of request in the second version by those of this one: hash, transaction, simple, data.
    bytes4 private constant KINDS = 0x01040802;

    /// @dev See `IZrSignOmniV2.ZrKeyRequest`.
    function keyRequest(bytes32 walletTypeId, address owner) internal {
        assembly ("memory-safe") {
            log3(0, 0, KEY_REQUEST, walletTypeId, owner)
        }
    }

    /// @dev See `IZrSignOmniV2.ZrSigRequest`; `traceId` is the present number, which starts at 0.
    function sigRequest(
        uint256 traceId,
        bytes32 srcChainId,
        SignTypes.ZrSignParams calldata params,
        address owner,
        uint8 reqType
    ) internal {
        bytes32 id = keccak256(abi.encode(traceId + 1, srcChainId));
        bytes memory data = abi.encode(
            srcChainId,
            params.walletTypeId,
            owner,
            params.walletIndex,
            params.dstChainId,
            params.payload,
            uint8(KINDS[reqType]),
            params.broadcast
        );
        assembly ("memory-safe") {
            log2(add(data, 0x20), mload(data), SIG_REQUEST, id)
        }
    }
}
