// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Events of the second version
/// @notice Emitted beside the present ones where `Strictness.V2_EVENTS` is set, for indexers that know no others.
interface IZrSignV2Events {
    /// @notice A key was requested.
    event ZrKeyRequest(bytes32 indexed walletTypeId, address indexed owner);
    /// @notice A signature was requested. The trace id is keccak256(abi.encode(number from 1, srcChain)); `isHashDataTx`
    /// is 1 hash, 2 data, 4 transaction, 8 simple transaction.
    event ZrSigRequest(
        bytes32 indexed traceId,
        bytes32 srcChain,
        bytes32 walletTypeId,
        address owner,
        uint256 walletIndex,
        bytes32 dstChainId,
        bytes payload,
        uint8 isHashDataTx,
        bool broadcast
    );
}
