// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC1967} from "@openzeppelin/contracts/interfaces/IERC1967.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

import {ZrProxy} from "../src/ZrProxy.sol";
import {ZrSign} from "../src/ZrSign.sol";
import {Counter} from "../src/examples/Counter.sol";
import {Fixture} from "./Fixture.sol";

/// @dev An implementation with a function that the proxy has too.
contract Namesake {
    function admin() external view returns (address) {
        return msg.sender;
    }

    function caller() external view returns (address) {
        return msg.sender;
    }
}

contract ProxyTest is Fixture {
    bytes32 internal constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    bytes32 internal constant ADMIN_SLOT = 0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103;

    ZrProxy internal proxy;
    Counter internal counter;

    function setUp() public override {
        super.setUp();
        proxy = ZrProxy(payable(address(direct)));
        counter = new Counter();
    }

    function test_constructor__should_set_the_eip1967_slots() public {
        ZrSign implementation = new ZrSign();
        ZrProxy fresh = new ZrProxy(address(implementation), PROXY_ADMIN, "");
        vm.assertEq(vm.load(address(fresh), IMPLEMENTATION_SLOT), bytes32(uint256(uint160(address(implementation)))));
        vm.assertEq(vm.load(address(fresh), ADMIN_SLOT), bytes32(uint256(uint160(PROXY_ADMIN))));
        vm.assertEq(ZrSign(payable(address(fresh))).version(), 0);
    }

    function test_constructor__should_refuse_what_cannot_work() public {
        vm.expectRevert(bytes("ERC1967: new implementation is not a contract"));
        new ZrProxy(USER, PROXY_ADMIN, "");
        vm.expectRevert(bytes("ERC1967: new admin is the zero address"));
        new ZrProxy(address(counter), address(0), "");
        vm.expectRevert(Errors.FailedCall.selector);
        new ZrProxy(address(counter), PROXY_ADMIN, hex"01020304");
    }

    /// @dev A function of the proxy is the administrator's, whatever the implementation has; in any other it is nobody.
    function test_admin__should_reach_the_proxy_and_be_nobody_in_the_implementation() public {
        vm.startPrank(PROXY_ADMIN);
        address next = address(new Namesake());
        proxy.upgradeTo(next);
        vm.assertEq(proxy.implementation(), next);
        vm.assertEq(proxy.admin(), PROXY_ADMIN);
        vm.assertEq(Namesake(address(proxy)).caller(), PROXY_ADMIN);
        vm.stopPrank();
        vm.assertEq(proxy.admin(), address(this));
    }

    function test_stranger__should_reach_only_the_implementation(address stranger) public {
        vm.assume(stranger != PROXY_ADMIN);
        vm.startPrank(stranger);
        vm.assertEq(direct.getTraceId(), 0);
        vm.expectRevert(bytes(""));
        proxy.admin();
        vm.expectRevert(bytes(""));
        proxy.implementation();
        vm.expectRevert(bytes(""));
        proxy.changeAdmin(stranger);
        vm.expectRevert(bytes(""));
        proxy.upgradeTo(address(counter));
        vm.expectRevert(bytes(""));
        proxy.upgradeToAndCall(address(counter), "");
        vm.stopPrank();
    }

    function test_upgrade__should_keep_state_and_change_code() public {
        ZrSign next = new ZrSign();
        vm.prank(PROXY_ADMIN);
        vm.expectEmit(address(proxy));
        emit IERC1967.Upgraded(address(next));
        proxy.upgradeTo(address(next));
        vm.assertEq(direct.getMPCFee(), MPC_FEE);
        vm.prank(PROXY_ADMIN);
        vm.expectRevert(bytes("ERC1967: new implementation is not a contract"));
        proxy.upgradeTo(USER);
    }

    function test_upgradeAndCall__should_always_call() public {
        vm.startPrank(PROXY_ADMIN);
        vm.expectRevert(Errors.FailedCall.selector);
        proxy.upgradeToAndCall(address(counter), "");
        proxy.upgradeToAndCall(address(counter), abi.encodeCall(Counter.increment, ()));
        vm.stopPrank();
        vm.assertEq(Counter(address(proxy)).number(), 1);
    }

    function test_changeAdmin__should_hand_over() public {
        vm.startPrank(PROXY_ADMIN);
        vm.expectRevert(bytes("ERC1967: new admin is the zero address"));
        proxy.changeAdmin(address(0));
        vm.expectEmit(address(proxy));
        emit IERC1967.AdminChanged(PROXY_ADMIN, USER);
        proxy.changeAdmin(USER);
        vm.stopPrank();
        vm.prank(USER);
        vm.assertEq(proxy.admin(), USER);
    }

    function test_handover__should_need_both(address next) public {
        vm.assume(next != PROXY_ADMIN && next != address(0));
        vm.prank(PROXY_ADMIN);
        vm.expectEmit(address(proxy));
        emit ZrProxy.AdminChangeProposed(next);
        proxy.proposeAdmin(next);
        vm.prank(PROXY_ADMIN);
        vm.assertEq(proxy.admin(), PROXY_ADMIN);
        vm.expectEmit(address(proxy));
        emit IERC1967.AdminChanged(PROXY_ADMIN, next);
        vm.prank(next);
        proxy.acceptAdmin();
        vm.prank(next);
        vm.assertEq(proxy.admin(), next);
        vm.expectRevert(bytes(""));
        vm.prank(next);
        proxy.acceptAdmin();
    }

    function test_handover__should_be_accepted_by_nobody_else(address next, address stranger) public {
        vm.assume(stranger != next && stranger != PROXY_ADMIN);
        vm.prank(PROXY_ADMIN);
        proxy.proposeAdmin(next);
        vm.expectRevert(bytes(""));
        vm.prank(stranger);
        proxy.acceptAdmin();
        vm.expectRevert(bytes(""));
        vm.prank(stranger);
        proxy.proposeAdmin(stranger);
    }

    function test_handover__should_end_with_another_one(address next, address other) public {
        vm.assume(next != other && next != address(0) && other != address(0));
        vm.assume(next != PROXY_ADMIN && other != PROXY_ADMIN);
        vm.startPrank(PROXY_ADMIN);
        proxy.proposeAdmin(next);
        proxy.changeAdmin(other);
        vm.stopPrank();
        vm.expectRevert(bytes(""));
        vm.prank(next);
        proxy.acceptAdmin();
    }

    function test_plainEther__should_be_refused() public {
        (bool taken,) = address(proxy).call{value: 1}("");
        vm.assertFalse(taken);
    }
}
