// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ZrSignConnect} from "../src/ZrSignConnect.sol";
import {MessageSigner} from "../src/examples/MessageSigner.sol";
import {ISignRequests} from "../src/interfaces/ISignRequests.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

contract Encoder is ZrSignConnect {
    constructor() ZrSignConnect(payable(address(0))) {}

    function transaction(uint256 nonce, uint256 price, uint256 gas, address to, uint256 value, bytes calldata data)
        external
        pure
        returns (bytes memory)
    {
        return rlpEncodeTransaction(nonce, price, gas, to, value, data);
    }

    function hexadecimal(address account) external pure returns (string memory, string memory) {
        return (toHexString(account), toChecksumHexString(account));
    }
}

contract ConnectTest is Fixture {
    MessageSigner internal dapp;
    Encoder internal encoder;

    function setUp() public override {
        super.setUp();
        dapp = new MessageSigner(payable(address(direct)));
        encoder = new Encoder();
        vm.deal(address(dapp), 10 ether);
        registerWallet(address(dapp), 2);
    }

    function expectRequest(bytes memory payload, uint8 reqType, bool broadcast) internal {
        bytes32 walletId = keccak256(abi.encode(block.chainid, address(direct), EVM, address(dapp), uint256(0)));
        vm.expectEmit(address(direct));
        emit ISignRequests.ZrSigRequest(
            0,
            walletId,
            directFee(2),
            2 * MPC_FEE,
            SignTypes.SigReqParams(EVM, 0, CHAIN, payload, address(dapp), reqType, broadcast)
        );
    }

    function test_rlp__should_match_a_known_transaction() public view {
        bytes memory payload =
            encoder.transaction(121, 0xfd8f4bd23, 21000, 0xCF4324b9FD2fBC83b98a1483E854D31D3E45944C, 1000, "");
        vm.assertEq(
            payload, hex"e67985" hex"0fd8f4bd23" hex"82520894cf4324b9fd2fbc83b98a1483e854d31d3e45944c8203e880808080"
        );
    }

    function test_rlp__should_have_nine_items_whatever_the_data() public view {
        bytes memory empty = encoder.transaction(0, 0, 0, USER, 0, "");
        vm.assertEq(empty, bytes.concat(hex"dd80808094", bytes20(USER), hex"8080808080"));
        bytes memory one = encoder.transaction(0, 0, 0, USER, 0, hex"d09de08a");
        vm.assertEq(one, bytes.concat(hex"e180808094", bytes20(USER), hex"8084d09de08a808080"));
    }

    function test_hexadecimal__should_follow_eip55() public view {
        (string memory lower, string memory mixed) = encoder.hexadecimal(0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed);
        vm.assertEq(lower, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
        vm.assertEq(mixed, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
    }

    function test_newWallets__should_be_paid_from_the_balance() public {
        uint256 before = address(dapp).balance;
        dapp.requestNewEVMWallet(1);
        vm.assertEq(address(dapp).balance, before - directFee(1));
        vm.assertEq(dapp.getEVMWallets().length, 1);
        vm.assertEq(dapp.getEVMWallet(0), "0x000000000000000000000000000000000000dEaD");
        vm.expectRevert(abi.encodeWithSelector(ISignRequests.WalletTypeNotSupported.selector, dapp.BTC_WALLET_TYPE()));
        dapp.requestNewBTCWallet(1);
        vm.assertEq(dapp.getBTCWallets().length, 0);
    }

    function test_message__should_be_requested_as_its_eip191_digest(string calldata message) public {
        bytes32 digest = MessageHashUtils.toEthSignedMessageHash(bytes(message));
        expectRequest(abi.encodePacked(digest), 0, false);
        dapp.signMessage(message, 0, CHAIN);
    }

    function test_transfer__should_be_requested_as_an_unsigned_transaction(bytes calldata data) public {
        expectRequest(encoder.transaction(1, 2, 3, USER, 4, data), 1, true);
        dapp.transfer(USER, 4, data, 1, 2, 3, 0, CHAIN);
    }

    function test_simpleTransfer__should_say_only_recipient_and_value() public {
        bytes memory payload =
            SignTypes.encodeSimple(SignTypes.SimpleTx("0x000000000000000000000000000000000000bEEF", 5, ""));
        vm.assertEq(bytes32(bytes4(payload)), bytes32(bytes4(0x4dbda8d6)));
        expectRequest(payload, 2, true);
        dapp.simpleTransfer(USER, 5, 0, CHAIN);
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

    function test_example__should_obey_only_its_owner(address stranger) public {
        vm.assume(stranger != address(this));
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        dapp.requestNewEVMWallet(1);
        vm.expectRevert(refusal);
        dapp.requestNewBTCWallet(1);
        vm.expectRevert(refusal);
        dapp.signMessage("hello", 0, CHAIN);
        vm.expectRevert(refusal);
        dapp.transfer(USER, 1, "", 0, 0, 0, 0, CHAIN);
        vm.expectRevert(refusal);
        dapp.simpleTransfer(USER, 1, 0, CHAIN);
        vm.expectRevert(refusal);
        dapp.withdraw(payable(stranger), 1);
        vm.stopPrank();
    }

    function test_withdraw__should_empty_the_balance() public {
        uint256 before = address(this).balance;
        dapp.withdraw(payable(address(this)), 1 ether);
        vm.assertEq(address(this).balance, before + 1 ether);
    }

    function test_ether__should_be_taken_for_fees() public {
        vm.expectEmit(address(dapp));
        emit ZrSignConnect.Received(address(this), 1);
        (bool taken,) = address(dapp).call{value: 1}("");
        vm.assertTrue(taken);
        vm.expectEmit(address(dapp));
        emit ZrSignConnect.FallbackCalled(address(this), 2, hex"0102");
        (taken,) = address(dapp).call{value: 2}(hex"0102");
        vm.assertTrue(taken);
    }
}
