// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ZrSignConnectBase} from "../src/ZrSignConnectBase.sol";
import {MessageSigner} from "../src/examples/MessageSigner.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignOmni} from "../src/interfaces/IZrSignOmni.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Careless, CarelessFixture} from "./CarelessFixture.sol";

/// @dev A dApp with a rule of its own: anybody may ask for hashes, nobody for anything else.
contract HashesOnly is ZrSignConnectBase {
    constructor(address payable zrSign) ZrSignConnectBase(zrSign) {}

    function hash(bytes32 chain, bytes32 digest) external returns (uint256) {
        return reqSignForHash(EVM_WALLET_TYPE, 0, chain, digest);
    }

    function _authorizeSpend(address, bytes4 request) internal pure override {
        require(request == REQUEST_HASH, "hashes only");
    }
}

/// @dev Who may ask, and what is asked.
contract ConnectTest is CarelessFixture {
    function expectRefusal(address caller) internal {
        vm.prank(caller);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, caller, spenderRole)
        );
    }

    function expectRequest(uint256 traceId, bytes memory payload, uint8 reqType, bool broadcast) internal {
        bytes32 walletId = keccak256(abi.encode(block.chainid, address(direct), EVM, address(dapp), uint256(0)));
        vm.expectEmit(address(direct));
        emit ISign.ZrSigRequest(
            traceId,
            walletId,
            directFee(2),
            2 * MPC_FEE,
            SignTypes.SigReqParams(EVM, 0, CHAIN, payload, address(dapp), reqType, broadcast)
        );
    }

    // Who spends

    function test_strangers__should_spend_nothing_even_where_no_function_is_guarded(
        address stranger,
        bytes32 digest,
        bytes calldata payload
    ) public {
        vm.assume(stranger != address(this));
        uint256 before = address(dapp).balance;
        expectRefusal(stranger);
        dapp.requestNewEVMWallet(1);
        expectRefusal(stranger);
        dapp.requestNewBTCWallet(2);
        expectRefusal(stranger);
        dapp.requestNewSolanaWallet(1);
        expectRefusal(stranger);
        dapp.requestNewWallet(BTC, 1);
        expectRefusal(stranger);
        dapp.key(EVM);
        expectRefusal(stranger);
        dapp.hash(EVM, CHAIN, digest);
        expectRefusal(stranger);
        dapp.message(CHAIN, payload);
        expectRefusal(stranger);
        dapp.transaction(EVM, CHAIN, payload);
        expectRefusal(stranger);
        dapp.simple(EVM, CHAIN, "somewhere", 1);
        expectRefusal(stranger);
        dapp.cancelRequest(0, false, digest);
        expectRefusal(stranger);
        dapp.cancelKeyRequest(EVM, 0);
        expectRefusal(stranger);
        dapp.data(EVM, CHAIN, payload);
        expectRefusal(stranger);
        dapp.linkAccount("zen1");
        vm.assertEq(address(dapp).balance, before);
        vm.assertEq(direct.getTraceId(), 0);
    }

    function test_spenders__should_come_and_go_with_their_role(address spender) public {
        vm.assume(spender != address(this));
        dapp.grantRole(spenderRole, spender);
        vm.prank(spender);
        vm.assertEq(dapp.hash(EVM, CHAIN, bytes32(0)), 0);
        dapp.revokeRole(spenderRole, spender);
        expectRefusal(spender);
        dapp.hash(EVM, CHAIN, bytes32(0));
    }

    function test_spenders__should_not_make_spenders(address spender, address friend) public {
        vm.assume(spender != address(this));
        dapp.grantRole(spenderRole, spender);
        vm.prank(spender);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, spender, bytes32(0))
        );
        dapp.grantRole(spenderRole, friend);
    }

    function test_hook__should_replace_the_role(address anybody, bytes32 digest) public {
        HashesOnly own = new HashesOnly(payable(address(direct)));
        vm.deal(address(own), 1 ether);
        registerWallet(address(own), 1);
        vm.prank(anybody);
        vm.assertEq(own.hash(CHAIN, digest), 0);
        vm.prank(anybody);
        vm.expectRevert("hashes only");
        own.requestNewEVMWallet(1);
    }

    // Requests

    function test_requests__should_give_their_trace_ids(uint8 count) public {
        for (uint256 i = 0; i < count % 8; i++) {
            vm.assertEq(dapp.hash(EVM, CHAIN, bytes32(i)), i);
        }
        vm.assertEq(dapp.transaction(EVM, CHAIN, "x"), count % 8);
    }

    function test_hash__should_be_requested_as_it_is(bytes32 digest) public {
        expectRequest(0, abi.encodePacked(digest), 0, false);
        dapp.hash(EVM, CHAIN, digest);
    }

    function test_message__should_be_requested_as_its_eip191_digest(uint8 length) public {
        bytes memory text = new bytes(length);
        bytes memory digits = length < 10
            ? abi.encodePacked(uint8(48 + length))
            : length < 100
                ? abi.encodePacked(uint8(48 + length / 10), uint8(48 + length % 10))
                : abi.encodePacked(uint8(48 + length / 100), uint8(48 + length / 10 % 10), uint8(48 + length % 10));
        bytes32 digest = keccak256(bytes.concat("\x19Ethereum Signed Message:\n", digits, text));
        expectRequest(0, abi.encodePacked(digest), 0, false);
        dapp.message(CHAIN, text);
    }

    function test_data__should_be_requested_as_it_is(bytes calldata content) public {
        expectRequest(0, content, 3, false);
        dapp.data(EVM, CHAIN, content);
    }

    function test_simple__should_say_only_recipient_and_value(string calldata to, uint256 value) public {
        bytes memory payload = SignTypes.encodeSimple(SignTypes.SimpleTx(to, value, ""));
        vm.assertEq(bytes32(bytes4(payload)), bytes32(bytes4(0x4dbda8d6)));
        expectRequest(0, payload, 2, true);
        dapp.simple(EVM, CHAIN, to, value);
    }

    function test_transaction__should_be_requested_as_it_is(bytes calldata payload) public {
        expectRequest(0, payload, 1, true);
        dapp.transaction(EVM, CHAIN, payload);
    }

    function test_simpleTx__should_decode_what_was_encoded(string calldata to, uint256 value, bytes calldata data)
        public
        pure
    {
        bytes memory payload = SignTypes.encodeSimple(SignTypes.SimpleTx(to, value, data));
        (string memory seenTo, uint256 seenValue, bytes4 signature, bytes memory seenData) =
            SignTypes.decodeSimpleTx(payload);
        vm.assertEq(seenTo, to);
        vm.assertEq(seenValue, value);
        vm.assertEq(bytes32(signature), bytes32(bytes4(0x4dbda8d6)));
        vm.assertEq(seenData, data);
    }

    function test_wallets__should_be_of_the_type_that_was_asked_for() public {
        dapp.requestNewEVMWallet(1);
        answerKey(EVM, address(dapp), "0x000000000000000000000000000000000000bEEF");
        dapp.requestNewBTCWallet(2);
        answerKey(BTC, address(dapp), BTC_WALLET);
        dapp.requestNewSolanaWallet(1);
        answerKey(SOLANA, address(dapp), "11111111111111111111111111111111");
        vm.assertEq(dapp.getEVMWallets().length, 2);
        vm.assertEq(dapp.getEVMWallet(1), "0x000000000000000000000000000000000000bEEF");
        vm.assertEq(dapp.getBTCWallet(0), BTC_WALLET);
        vm.assertEq(dapp.getBTCWallets()[0], BTC_WALLET);
        vm.assertEq(dapp.getSolanaWallet(0), "11111111111111111111111111111111");
        vm.assertEq(dapp.getSolanaWallets().length, 1);
        vm.assertEq(dapp.getWallet(BTC, 0), BTC_WALLET);
        vm.assertEq(direct.getWalletRegistry(BTC, 0, address(dapp)).options, 2);
    }

    function test_mainnet_wallet__should_need_a_deployment_that_supports_it() public {
        bytes32 mainnet = dapp.BTC_MAINNET_WALLET_TYPE();
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, mainnet));
        dapp.requestNewWallet(mainnet, 1);
    }

    // Omni

    function test_omni__should_serve_the_same_dapp(bytes32 digest) public {
        Careless far = new Careless(payable(address(omni)));
        vm.deal(address(far), 1 ether);
        far.requestNewEVMWallet(1);
        vm.assertEq(far.hash(EVM, CHAIN, digest), 0);
        vm.assertEq(far.hash(EVM, CHAIN, digest), 1);
        vm.assertEq(address(far).balance, 1 ether - 3 * MPC_FEE);
    }

    function test_link__should_name_the_dapps_ledger_account(string calldata account) public {
        vm.assume(bytes(account).length > 0 && bytes(account).length <= 128);
        Careless far = new Careless(payable(address(omni)));
        vm.expectEmit(address(omni));
        emit IZrSignOmni.ZrAccountLinked(address(far), account);
        far.linkAccount(account);
    }

    // Ether

    function test_ether__should_be_taken_for_fees(uint88 value, bytes3 data) public {
        MessageSigner signer = new MessageSigner(payable(address(direct)));
        vm.expectEmit(address(signer));
        emit ZrSignConnectBase.Received(address(this), value);
        (bool taken,) = address(signer).call{value: value}("");
        vm.assertTrue(taken);
        bytes memory reason;
        (taken, reason) = address(signer).call{value: value}(abi.encodePacked(data));
        vm.assertFalse(taken);
        vm.assertEq(reason, abi.encodeWithSelector(ZrSignConnectBase.UnknownFunction.selector, bytes4(data)));
    }

    /// @dev Whoever asks a token for `permit` believes that it was done when the call succeeds.
    function test_functions_of_others__should_not_seem_to_succeed(address owner, uint256 value) public {
        MessageSigner signer = new MessageSigner(payable(address(direct)));
        bytes memory permit = abi.encodeWithSignature(
            "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", owner, address(1), value, 0, 27, 0, 0
        );
        (bool done,) = address(signer).call(permit);
        vm.assertFalse(done);
    }
}
