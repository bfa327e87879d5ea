// SPDX-License-Identifier: MIT
pragma solidity ^0.8.34;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {ZrSignTest} from "@zrsign/contracts/testing/ZrSignTest.sol";

import {Notary} from "../src/Notary.sol";

contract NotaryTest is ZrSignTest {
    Notary private notary;

    /// @dev Takes back what a call did not need.
    receive() external payable {}

    function setUp() public {
        deployZrSign();
        notary = new Notary(payable(address(zrSign)));
        notary.requestNewEVMWallet{value: 0.1 ether}(1);
        answerRequests();
    }

    function test_notary__should_get_its_message_signed() public {
        uint256 traceId = notary.notarize{value: 0.1 ether}("hello", keccak256("eip155:1"));
        answerRequests();
        bytes32 digest = MessageHashUtils.toEthSignedMessageHash(bytes("hello"));
        bytes memory signature = signatureOf(address(zrSign), traceId);
        assert(ECDSA.recover(digest, signature) == evmWallet(address(notary), 0));
    }
}
