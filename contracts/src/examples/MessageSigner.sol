// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ZrSignConnect} from "../ZrSignConnect.sol";
import {ZrSignConnectERC1271} from "../ZrSignConnectERC1271.sol";

/// @title Example: a message signer
/// @notice Owns EVM wallets on other chains: signs messages and makes transfers with them, and signs for itself
/// (ERC-1271). Only for holders of SPENDER_ROLE, the deployer first.
/// @dev To use it: deploy, send it ether for fees, request a wallet, wait for its address, then sign. No function asks
/// who calls, because every request does.
contract MessageSigner is ZrSignConnect, ZrSignConnectERC1271 {
    /// @notice Wei that a call may cost at most, whatever the fee has become.
    uint256 public maxFee = 0.1 ether;

    /// @notice Sets where requests go; the deployer may spend.
    /// @param zrSignAddress Proxy of a Direct or Omni deployment.
    constructor(address payable zrSignAddress) ZrSignConnect(zrSignAddress) EIP712("MessageSigner", "1") {}

    /// @notice Signs a message as a wallet's owner would with personal_sign (EIP-191).
    /// @param message The message.
    /// @param walletIndex EVM wallet of this contract.
    /// @param dstChainId keccak256 of the CAIP-2 id of the chain that the signature is for.
    function signMessage(string calldata message, uint256 walletIndex, bytes32 dstChainId)
        external
        payable
        returnsSurplus
        feeAtMost(maxFee)
    {
        reqSignForMessage(walletIndex, dstChainId, bytes(message));
    }

    /// @notice Signs data in the manner of a wallet type: Solana's as they are, EVM's by EIP-191.
    /// @param walletTypeId Wallet type.
    /// @param walletIndex Wallet of this contract.
    /// @param dstChainId keccak256 of the CAIP-2 id of the chain that the signature is for.
    /// @param data What is signed.
    function signData(bytes32 walletTypeId, uint256 walletIndex, bytes32 dstChainId, bytes calldata data)
        external
        payable
        returnsSurplus
        feeAtMost(maxFee)
    {
        reqSignForData(walletTypeId, walletIndex, dstChainId, data);
    }

    /// @notice Signs a hash as this contract: the answer makes `isValidSignature` accept it.
    /// @param hash What this contract signs.
    /// @param walletIndex EVM wallet of this contract.
    /// @param dstChainId keccak256 of the CAIP-2 id of the chain that the signature is for.
    function signAsContract(bytes32 hash, uint256 walletIndex, bytes32 dstChainId)
        external
        payable
        returnsSurplus
        feeAtMost(maxFee)
    {
        reqSignForContract(walletIndex, dstChainId, hash);
    }

    /// @notice Sends a legacy transaction from a wallet of this contract on another EVM chain.
    /// @param to Recipient.
    /// @param value Wei.
    /// @param data Plain call data; empty for a transfer.
    /// @param nonce Nonce of the wallet on that chain.
    /// @param gasPrice Wei.
    /// @param gasLimit Gas.
    /// @param walletIndex EVM wallet of this contract.
    /// @param dstChainId keccak256 of the CAIP-2 id of that chain.
    function transfer(
        address to,
        uint256 value,
        bytes calldata data,
        uint256 nonce,
        uint256 gasPrice,
        uint256 gasLimit,
        uint256 walletIndex,
        bytes32 dstChainId
    ) external payable {
        _send(rlpEncodeTransaction(nonce, gasPrice, gasLimit, to, value, data), walletIndex, dstChainId);
    }

    /// @notice Transfers from a monitored EVM wallet: the network fills in nonce and gas.
    /// @param to Recipient.
    /// @param value Wei.
    /// @param walletIndex EVM wallet of this contract, requested with options 2.
    /// @param dstChainId keccak256 of the CAIP-2 id of the chain.
    function simpleTransfer(address to, uint256 value, uint256 walletIndex, bytes32 dstChainId)
        external
        payable
        returnsSurplus
        feeAtMost(maxFee)
    {
        reqSignForSimpleTx(EVM_WALLET_TYPE, walletIndex, dstChainId, toChecksumHexString(to), value, "", true);
    }

    /// @notice Changes what a call may cost. Only the administrator.
    /// @param wei_ Wei.
    function setMaxFee(uint256 wei_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        maxFee = wei_;
    }

    function _send(bytes memory payload, uint256 walletIndex, bytes32 dstChainId)
        private
        returnsSurplus
        feeAtMost(maxFee)
    {
        reqSignForTx(EVM_WALLET_TYPE, walletIndex, dstChainId, payload, true);
    }
}
