// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ZrSignConnectBase} from "../src/ZrSignConnectBase.sol";
import {BitcoinPayer} from "../src/examples/BitcoinPayer.sol";
import {Counter} from "../src/examples/Counter.sol";
import {MessageSigner} from "../src/examples/MessageSigner.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {ConnectFixture} from "./ConnectFixture.sol";
import {Plain} from "./ConnectEncoding.t.sol";

contract ExamplesSignerTest is ConnectFixture {
    MessageSigner internal dapp;

    function setUp() public override {
        super.setUp();
        dapp = new MessageSigner(payable(address(direct)));
        vm.deal(address(dapp), 10 ether);
        registerWallet(address(dapp), 2);
    }

    function expectRequest(bytes memory payload, uint8 reqType, bool broadcast) internal {
        bytes32 walletId = keccak256(abi.encode(block.chainid, address(direct), EVM, address(dapp), uint256(0)));
        vm.expectEmit(address(direct));
        emit ISign.ZrSigRequest(
            0,
            walletId,
            directFee(2),
            2 * MPC_FEE,
            SignTypes.SigReqParams(EVM, 0, CHAIN, payload, address(dapp), reqType, broadcast)
        );
    }

    function test_message__should_be_requested_as_its_eip191_digest(string calldata message) public {
        bytes32 digest = MessageHashUtils.toEthSignedMessageHash(bytes(message));
        expectRequest(abi.encodePacked(digest), 0, false);
        dapp.signMessage(message, 0, CHAIN);
    }

    function test_transfer__should_be_requested_as_an_unsigned_transaction(bytes calldata data) public {
        bytes memory items = bytes.concat(hex"010203", Plain.string_(abi.encodePacked(USER)), hex"04");
        bytes memory payload = Plain.list(bytes.concat(items, Plain.string_(data), hex"808080"));
        expectRequest(payload, 1, true);
        dapp.transfer(USER, 4, data, 1, 2, 3, 0, CHAIN);
    }

    function test_simpleTransfer__should_say_only_recipient_and_value(uint256 value) public {
        bytes memory payload =
            SignTypes.encodeSimple(SignTypes.SimpleTx("0x000000000000000000000000000000000000bEEF", value, ""));
        expectRequest(payload, 2, true);
        dapp.simpleTransfer(USER, value, 0, CHAIN);
    }

    function test_signer__should_obey_only_spenders(address stranger) public {
        vm.assume(stranger != address(this));
        bytes32 role = dapp.SPENDER_ROLE();
        bytes memory refusal =
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, role);
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        dapp.requestNewEVMWallet(1);
        vm.expectRevert(refusal);
        dapp.signMessage("hello", 0, CHAIN);
        vm.expectRevert(refusal);
        dapp.signAsContract(0, 0, CHAIN);
        vm.expectRevert(refusal);
        dapp.transfer(USER, 1, "", 0, 0, 0, 0, CHAIN);
        vm.expectRevert(refusal);
        dapp.simpleTransfer(USER, 1, 0, CHAIN);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, bytes32(0))
        );
        dapp.withdrawEther(payable(stranger), 1);
        vm.stopPrank();
    }

    function test_data__should_be_requested_as_it_is(bytes calldata data) public {
        expectRequest(data, 3, false);
        dapp.signData(EVM, 0, CHAIN, data);
    }

    function test_wallets__should_be_listed() public view {
        vm.assertEq(dapp.getWallets(EVM).length, 1);
        vm.assertEq(dapp.getWallets(BTC).length, 0);
    }

    function test_payer__should_pay_bitcoin_for_spenders_only(address stranger, uint256 sats) public {
        vm.assume(stranger != address(this));
        BitcoinPayer payer = new BitcoinPayer{value: 1 ether}(payable(address(direct)));
        payer.requestNewBTCWallet(2);
        answerKey(BTC, address(payer), BTC_WALLET);
        vm.assertEq(payer.pay{value: 1 ether}(0, BTC_WALLET, sats, 1 ether), 0);
        bytes32 role = payer.SPENDER_ROLE();
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, role)
        );
        payer.pay(0, BTC_WALLET, sats, 1 ether);
    }

    /// @dev A stranger asks first for a wallet that cannot make simple transactions.
    function test_payer__should_pay_although_a_stranger_requested_its_first_wallet(address stranger) public {
        vm.assume(stranger != PROXY_ADMIN);
        BitcoinPayer payer = new BitcoinPayer{value: 1 ether}(payable(address(direct)));
        vm.deal(stranger, 1 ether);
        uint256 fee = directFee(1);
        vm.prank(stranger);
        direct.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(address(payer), BTC, 1));
        answerKey(BTC, address(payer), BTC_WALLET);
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletNotRegisteredForMonitoring.selector, 0));
        payer.pay(0, BTC_WALLET, 1, 1 ether);

        vm.expectEmit(address(direct));
        emit ISign.ZrKeyRequest(BTC, address(payer), 1, 2, directFee(2), 2 * MPC_FEE);
        payer.requestNewBTCWallet(2);
        answerKey(BTC, address(payer), BTC_WALLET);
        payer.pay(1, BTC_WALLET, 1, 1 ether);
        payer.withdrawEther(payable(address(this)), address(payer).balance);
        vm.assertEq(address(payer).balance, 0);
    }

    function test_signer__should_not_pay_more_than_its_administrator_allows(address stranger) public {
        vm.assume(stranger != address(this) && stranger != PROXY_ADMIN);
        dapp.setMaxFee(1);
        (,, uint256 fee) = direct.estimateFee(EVM, address(dapp), 0, 0);
        bytes memory refusal = abi.encodeWithSelector(ZrSignConnectBase.FeeAboveMaximum.selector, fee, uint256(1));
        vm.expectRevert(refusal);
        dapp.signMessage("hello", 0, CHAIN);
        vm.expectRevert(refusal);
        dapp.transfer(USER, 1, "", 0, 0, 0, 0, CHAIN);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, bytes32(0))
        );
        dapp.setMaxFee(fee);
    }

    function test_counter__should_count(uint8 calls) public {
        Counter counter = new Counter();
        for (uint256 i = 1; i <= calls; i++) {
            vm.expectEmit(address(counter));
            emit Counter.Incremented(address(this), i);
            counter.increment();
        }
        vm.assertEq(counter.number(), calls);
    }

    function test_withdraw__should_pay_out_what_the_administrator_asks_for(uint256 amount) public {
        amount = amount % 10 ether;
        uint256 before = address(this).balance;
        dapp.withdrawEther(payable(address(this)), amount);
        vm.assertEq(address(this).balance, before + amount);
        vm.expectRevert("Transfer failed");
        dapp.withdrawEther(payable(address(this)), 11 ether);
    }
}
