// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {Fixture} from "./Fixture.sol";

/// @dev Several answers in one call end as each alone would, for less gas.
contract BatchTest is Fixture {
    function ask(uint256 count) internal returns (SignTypes.SignResParams[] memory answers) {
        registerWallet(USER, 1);
        answers = new SignTypes.SignResParams[](count);
        for (uint256 i = 0; i < count; i++) {
            requestHash(USER, abi.encode(i), 0);
            answers[i] = signAnswer(i, USER);
        }
    }

    function test_batch__should_answer_each(uint8 count) public {
        SignTypes.SignResParams[] memory answers = ask(count % 12);
        demand(direct, Strictness.REFUND);
        uint256 held = address(direct).balance - direct.getColletedFees();
        uint256 users = USER.balance;
        vm.prank(RELAYER);
        direct.zrSignResBatch(answers);
        for (uint256 i = 0; i < answers.length; i++) {
            vm.assertEq(direct.getRequestState(i).status, 2);
        }
        vm.assertEq(address(direct).balance, direct.getColletedFees());
        vm.assertEq(USER.balance - users + RELAYER.balance - registration(), held);
    }

    /// @dev What the answer of the wallet's key paid to the submitter.
    function registration() internal view returns (uint256) {
        return relayerBefore;
    }

    uint256 internal relayerBefore;

    function registerWallet(address owner, uint8 options) internal override returns (uint256 index) {
        index = super.registerWallet(owner, options);
        relayerBefore = RELAYER.balance;
    }

    /// @dev Somebody was first, or an owner took a request back: the others are answered.
    function test_batch__should_leave_out_what_is_not_open(uint8 which) public {
        SignTypes.SignResParams[] memory answers = ask(8);
        for (uint256 i = 0; i < 8; i++) {
            if (which >> i & 1 != 0) direct.zrSignRes(answers[i]);
        }
        vm.prank(RELAYER);
        direct.zrSignResBatch(answers);
        for (uint256 i = 0; i < 8; i++) {
            vm.assertEq(direct.getRequestState(i).status, 2);
        }
        direct.zrSignResBatch(answers);
        vm.assertEq(address(direct).balance, direct.getColletedFees());
    }

    /// @dev What a submitter adds to a batch is no owner's to pay.
    function test_batch__should_not_be_paid_for_what_it_leaves_out(uint8 junk) public {
        SignTypes.SignResParams[] memory answers = ask(2);
        demand(direct, Strictness.REFUND);
        uint256 before = RELAYER.balance;
        vm.prank(RELAYER);
        direct.zrSignRes(answers[0]);
        uint256 alone = RELAYER.balance - before;
        SignTypes.SignResParams[] memory padded = new SignTypes.SignResParams[](uint256(junk) + 1);
        for (uint256 i = 0; i < junk; i++) {
            padded[i] = signAnswer(1_000 + i, USER);
        }
        padded[junk] = answers[1];
        before = RELAYER.balance;
        vm.prank(RELAYER);
        direct.zrSignResBatch(padded);
        vm.assertEq(direct.getRequestState(1).status, 2);
        vm.assertTrue(RELAYER.balance - before <= alone + 3_000 * BASE_FEE);
    }

    function test_batch__should_answer_a_request_once() public {
        SignTypes.SignResParams[] memory answers = ask(2);
        answers[1] = answers[0];
        direct.zrSignResBatch(answers);
        vm.assertEq(direct.getRequestState(0).status, 2);
        vm.assertEq(direct.getRequestState(1).status, 1);
    }

    function test_batch__should_be_refused_with_a_stranger_in_it(uint8 place, uint128 key) public {
        SignTypes.SignResParams[] memory answers = ask(3);
        bytes memory payload = abi.encode(CHAIN, uint256(place % 3), USER, bytes("m"), bytes("s"), false);
        answers[place % 3].authSignature = signAuthority(uint256(key) + 1, payload);
        vm.expectRevert();
        direct.zrSignResBatch(answers);
        for (uint256 i = 0; i < 3; i++) {
            vm.assertEq(direct.getRequestState(i).status, 1);
        }
    }

    function test_batch__should_stop_in_a_pause() public {
        SignTypes.SignResParams[] memory answers = ask(1);
        direct.pause();
        vm.expectRevert(IZrSignConfig.EnforcedPause.selector);
        direct.zrSignResBatch(answers);
    }

    /// @dev Ten answers: a fifth less gas each than alone, and their submitter is made whole.
    function test_batch__should_cost_a_fifth_less(uint8 count) public {
        demand(direct, Strictness.REFUND);
        count = 2 + count % 9;
        SignTypes.SignResParams[] memory answers = ask(count + 1);
        uint256 alone = gasleft();
        direct.zrSignRes(answers[count]);
        alone = 21_000 + alone - gasleft();
        SignTypes.SignResParams[] memory together = new SignTypes.SignResParams[](count);
        for (uint256 i = 0; i < count; i++) {
            together[i] = answers[i];
        }
        uint256 before = RELAYER.balance;
        vm.prank(RELAYER);
        uint256 spent = gasleft();
        direct.zrSignResBatch(together);
        spent -= gasleft();
        uint256 paid = RELAYER.balance - before;
        if (count == 10) vm.assertTrue(21_000 + spent <= 10 * alone * 8 / 10, "dear");
        // Call data: some 4,000 gas an answer.
        vm.assertTrue(paid >= (spent + 4_000 * uint256(count)) * BASE_FEE, "short");
        vm.assertTrue(paid <= (spent + 11_000 * uint256(count) + 10_000) * BASE_FEE, "too much");
    }
}
