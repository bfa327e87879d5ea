// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ZrSignConnect} from "../ZrSignConnect.sol";

/// @title Example dApp
/// @notice Owns EVM wallets on other chains: signs messages and makes transfers with them, for its owner only.
/// @dev To use it: deploy, send it ether for fees, request a wallet, wait for its address, then sign.
contract MessageSigner is ZrSignConnect, Ownable {
    /// @notice Sets where requests go; the deployer is the owner.
    /// @param zrSignAddress Proxy of a Direct or Omni deployment.
    constructor(address payable zrSignAddress) ZrSignConnect(zrSignAddress) Ownable(msg.sender) {}

    /// @inheritdoc ZrSignConnect
    function requestNewEVMWallet(uint8 options) public payable override onlyOwner {
        super.requestNewEVMWallet(options);
    }

    /// @inheritdoc ZrSignConnect
    function requestNewBTCWallet(uint8 options) public payable override onlyOwner {
        super.requestNewBTCWallet(options);
    }

    /// @notice Signs a message as a wallet's owner would with personal_sign (EIP-191).
    /// @param message The message.
    /// @param walletIndex EVM wallet of this contract.
    /// @param dstChainId keccak256 of the CAIP-2 id of the chain that the signature is for.
    function signMessage(string calldata message, uint256 walletIndex, bytes32 dstChainId) external payable onlyOwner {
        bytes32 digest = MessageHashUtils.toEthSignedMessageHash(bytes(message));
        reqSignForHash(EVM_WALLET_TYPE, walletIndex, dstChainId, digest);
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
    ) external payable onlyOwner {
        bytes memory payload = rlpEncodeTransaction(nonce, gasPrice, gasLimit, to, value, data);
        reqSignForTx(EVM_WALLET_TYPE, walletIndex, dstChainId, payload, true);
    }

    /// @notice Transfers from a monitored EVM wallet: the network fills in nonce and gas.
    /// @param to Recipient.
    /// @param value Wei.
    /// @param walletIndex EVM wallet of this contract, requested with options 2.
    /// @param dstChainId keccak256 of the CAIP-2 id of the chain.
    function simpleTransfer(address to, uint256 value, uint256 walletIndex, bytes32 dstChainId)
        external
        payable
        onlyOwner
    {
        reqSignForSimpleTx(EVM_WALLET_TYPE, walletIndex, dstChainId, toChecksumHexString(to), value, "", true);
    }

    /// @notice Takes ether back that is not needed for fees.
    /// @param to Recipient.
    /// @param amount Wei.
    function withdraw(address payable to, uint256 amount) external onlyOwner {
        (bool sent,) = to.call{value: amount}("");
        require(sent, "Transfer failed");
    }
}
