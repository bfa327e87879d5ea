// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSign} from "../src/ZrSign.sol";
import {Fixture} from "./Fixture.sol";
import {PlannedHandler} from "./PlannedHandler.sol";

/// @dev What holds after any calls in any order, where the deployment is as the plan makes it.
contract PlannedTest is Fixture {
    PlannedHandler internal handler;

    function setUp() public override {
        handler = new PlannedHandler();
        direct = ZrSign(payable(handler.sign()));
    }

    /// @dev What forge calls at random.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev Who calls: an account apart, because forge gives its senders ether.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0x5E4D);
    }

    function invariant_answers__should_land_when_they_are_due_and_never_else() public view {
        vm.assertFalse(handler.surprised());
    }

    function invariant_submitters__should_be_paid_for_their_gas_and_nothing_more() public view {
        vm.assertFalse(handler.overpaid());
    }

    function invariant_answered_requests__should_leave_no_record() public view {
        vm.assertFalse(handler.recordLeft());
        for (uint256 traceId = 0; traceId < handler.askedCount(); traceId++) {
            (,, bool ended,) = handler.asked(traceId);
            uint8 status = direct.getRequestState(traceId).status;
            vm.assertTrue(ended ? status == 2 || status == 3 : status == 1);
        }
    }

    function invariant_balance__should_be_fees_and_open_requests() public view {
        vm.assertEq(address(direct).balance, handler.owed());
    }

    function invariant_ether__should_never_be_lost_nor_made() public view {
        vm.assertEq(handler.total(), handler.wealth());
    }

    function invariant_wallets__should_be_those_that_the_authority_named() public view {
        uint256 found;
        for (uint256 i = 0; i < 3; i++) {
            found += direct.getZrKeys(EVM, handler.owners(i)).length;
        }
        vm.assertEq(found, handler.wallets());
    }

    /// @dev The handler reaches what the invariants speak of.
    function test_handler__should_answer_and_be_refused(bytes calldata payload, uint8 attack) public {
        vm.assume(attack % 7 != 0);
        handler.requestKey(0, 1, 0);
        handler.answerKey(0, 2, 1 gwei, 3000, false);
        handler.requestSignature(0, 0, 7, 2, payload);
        handler.requestSignature(0, 0, 7, 0, payload);
        handler.answerSignature(0, 1, attack, 1 gwei, 3000);
        vm.assertEq(handler.refused(), 1);
        handler.answerSignature(0, 1, 0, 1 gwei, 3000);
        vm.assertEq(handler.answered(), 1);
        handler.answerSignature(0, 1, 0, 1 gwei, 3000);
        vm.assertEq(handler.refused(), 2);
        handler.toggleAuthority();
        handler.answerSignature(1, 0, 0, 1 gwei, 3000);
        vm.assertEq(handler.refused(), 3);
        handler.cancelSignature(1, 1 days, false);
        vm.assertFalse(handler.surprised());
        vm.assertEq(address(direct).balance, handler.owed());
    }
}
