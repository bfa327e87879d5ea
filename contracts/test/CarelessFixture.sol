// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnect} from "../src/ZrSignConnect.sol";
import {ConnectFixture} from "./ConnectFixture.sol";

/// @dev A dApp whose author forgot every guard.
contract Careless is ZrSignConnect {
    bool public refuses;

    constructor(address payable zrSign) ZrSignConnect(zrSign) {}

    function refuse(bool refuses_) external {
        refuses = refuses_;
    }

    function hash(bytes32 typeId, bytes32 chain, bytes32 digest) external payable returns (uint256) {
        return reqSignForHash(typeId, 0, chain, digest);
    }

    function hashes(bytes32 chain, uint256 count, uint256 maxFee) external payable feeAtMost(maxFee) {
        for (uint256 i = 0; i < count; i++) {
            reqSignForHash(EVM_WALLET_TYPE, 0, chain, bytes32(i));
        }
    }

    function message(bytes32 chain, bytes calldata text) external payable returns (uint256) {
        return reqSignForMessage(0, chain, text);
    }

    function transaction(bytes32 typeId, bytes32 chain, bytes calldata payload) external payable returns (uint256) {
        return reqSignForTx(typeId, 0, chain, payload, true);
    }

    function simple(bytes32 typeId, bytes32 chain, string calldata to, uint256 value)
        external
        payable
        returns (uint256)
    {
        return reqSignForSimpleTx(typeId, 0, chain, to, value, "", true);
    }

    function data(bytes32 typeId, bytes32 chain, bytes calldata content) external payable returns (uint256) {
        return reqSignForData(typeId, 0, chain, content);
    }

    function key(bytes32 typeId) external payable {
        reqNewWallet(typeId, 1);
    }

    function twoWallets() external payable returnsSurplus {
        requestNewEVMWallet(1);
        requestNewSolanaWallet(1);
    }

    function twoWalletsUnguarded() external payable {
        requestNewEVMWallet(1);
        requestNewSolanaWallet(1);
    }

    function claimAndReturn() external payable returnsSurplus {
        claimRefund();
    }

    function payForWallet() external payable callerPays {
        reqNewWallet(EVM_WALLET_TYPE, 1);
    }

    receive() external payable override {
        require(!refuses, "refused");
        emit Received(msg.sender, msg.value);
    }
}

/// @dev Such a dApp, with ether and a monitored wallet on Direct.
abstract contract CarelessFixture is ConnectFixture {
    Careless internal dapp;
    bytes32 internal spenderRole;

    function setUp() public virtual override {
        super.setUp();
        dapp = new Careless(payable(address(direct)));
        spenderRole = dapp.SPENDER_ROLE();
        vm.deal(address(dapp), 10 ether);
        registerWallet(address(dapp), 2);
    }
}
