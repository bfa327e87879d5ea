// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSign} from "../src/ZrSign.sol";
import {Fixture} from "./Fixture.sol";
import {Handler} from "./Handler.sol";

/// @dev What holds after any calls in any order.
contract AccountingTest is Fixture {
    Handler internal handler;

    function setUp() public override {
        handler = new Handler();
        direct = handler.sign();
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

    function invariant_balance__should_be_fees_open_requests_and_credits() public view {
        vm.assertEq(handler.balance(), handler.owed());
    }

    function invariant_ether__should_never_be_lost_nor_made() public view {
        vm.assertEq(handler.total(), handler.wealth());
    }

    function invariant_traceIds__should_have_no_holes() public view {
        vm.assertEq(direct.getTraceId(), handler.askedCount());
        vm.assertEq(direct.getRequestState(handler.askedCount()).status, 0);
    }

    function invariant_requests__should_end_once_and_stay_ended() public view {
        for (uint256 traceId = 0; traceId < handler.askedCount(); traceId++) {
            (,, uint8 ends) = handler.asked(traceId);
            uint8 status = direct.getRequestState(traceId).status;
            vm.assertTrue(ends <= 1);
            vm.assertTrue(ends == 1 ? status == 2 || status == 3 : status == 1);
        }
    }

    function invariant_wallets__should_be_registered_once_and_for_ever() public view {
        uint256 found;
        for (uint256 i = 0; i < handler.OWNERS(); i++) {
            string[] memory keys = direct.getZrKeys(EVM, handler.owners(i));
            for (uint256 index = 0; index < keys.length; index++) {
                vm.assertEq(direct.getWalletRegistry(EVM, index, handler.owners(i)).status, 2);
                for (uint256 known = 0; known < handler.nameCount(); known++) {
                    if (handler.names(known) == keccak256(bytes(keys[index]))) found++;
                }
            }
        }
        vm.assertEq(found, handler.nameCount());
    }

    function invariant_roles__should_never_be_gained() public view {
        bytes32[4] memory roles = [bytes32(0), direct.MPC_ROLE(), direct.FEE_ROLE(), direct.PAUSER_ROLE()];
        for (uint256 i = 0; i < roles.length; i++) {
            vm.assertTrue(direct.hasRole(roles[i], roles[i] == roles[1] ? MPC : address(handler)));
            vm.assertFalse(direct.hasRole(roles[i], RELAYER));
            vm.assertFalse(direct.hasRole(roles[i], PROXY_ADMIN));
            for (uint256 j = 0; j < handler.OWNERS(); j++) {
                vm.assertFalse(direct.hasRole(roles[i], handler.owners(j)));
            }
        }
    }

    function invariant_pause__should_stop_every_request_and_nothing_else_should() public view {
        vm.assertFalse(handler.pauseLeaked());
    }

    function invariant_refunds__should_never_be_trapped() public view {
        vm.assertFalse(handler.refundTrapped());
    }

    function invariant_upgrades__should_keep_everything() public view {
        vm.assertFalse(handler.upgradeLost());
        vm.assertEq(direct.version(), 1);
    }

    function invariant_openRequests__should_be_covered_by_the_balance() public view {
        uint256 held;
        for (uint256 traceId = 0; traceId < handler.askedCount(); traceId++) {
            if (direct.getRequestState(traceId).status == 1) held += direct.getRequestState(traceId).value;
        }
        vm.assertTrue(handler.balance() >= held + direct.getColletedFees());
    }
}
