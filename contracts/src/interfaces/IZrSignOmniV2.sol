// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {SignTypes} from "../libraries/SignTypes.sol";

/// @title Omni's second version
/// @notice Its key request, which every deployment takes; and its events, emitted beside the present ones where
/// `Strictness.OMNI_V2` is set, for indexers that know no others.
interface IZrSignOmniV2 {
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

    /// @notice Requests a key for the caller: a monitored one where `Strictness.OMNI_V2` is set, as the second version
    /// gave it, else a normal one.
    /// @param params Wallet type.
    function zrKeyReq(SignTypes.ZrKeyReqTypeParams calldata params) external payable;
}
