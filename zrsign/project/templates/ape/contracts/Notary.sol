// SPDX-License-Identifier: MIT
pragma solidity ^0.8.34;

import {ZrSignConnect} from "@zrsign/contracts/ZrSignConnect.sol";

/// @title Has messages signed by a wallet that the zrSign network keeps for this contract
contract Notary is ZrSignConnect {
    /// @param zrSign The Direct or Omni contract of this chain.
    constructor(address payable zrSign) payable ZrSignConnect(zrSign) {}

    /// @notice Asks the contract's first EVM wallet for a signature (EIP-191). Only for holders of SPENDER_ROLE.
    /// @param message What is signed.
    /// @param chain keccak256 of the CAIP-2 id that the signature is meant for.
    /// @return traceId Number of the request.
    function notarize(bytes calldata message, bytes32 chain) external payable callerPays returns (uint256 traceId) {
        return reqSignForMessage(0, chain, message);
    }
}
