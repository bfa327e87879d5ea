// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

/// @dev An owner takes back what is held for an answer that does not come.
contract CancellationTest is Fixture {
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";

    function setDelay(uint32 delay) internal {
        direct.configureSafety(SignTypes.Safety(0, delay, 0, 0, 0));
    }

    function test_request__should_be_refunded_after_the_deadline(uint32 delay, uint64 surplus, uint32 late) public {
        registerWallet(USER, 1);
        setDelay(delay);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", surplus);
        uint256 before = USER.balance;
        vm.warp(block.timestamp + (delay == 0 ? 1 days : delay) + late);
        vm.expectEmit(address(direct));
        emit IRefunds.ZrSigCancel(traceId, USER, netResp() + surplus);
        vm.prank(USER);
        direct.cancelRequest(traceId, false, context);
        vm.assertEq(USER.balance, before + netResp() + surplus);
        vm.assertEq(address(direct).balance, direct.getColletedFees());
        vm.assertEq(direct.getRequest(traceId).status, 3);
        vm.assertEq(direct.getRequest(traceId).value, 0);
        vm.assertEq(direct.getRequestState(traceId).value, 0);
    }

    function test_request__should_wait_for_the_deadline(uint32 delay, uint32 early) public {
        vm.assume(delay != 0);
        registerWallet(USER, 1);
        setDelay(delay);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", 0);
        uint256 deadline = block.timestamp + delay;
        vm.warp(deadline - 1 - early % delay);
        vm.expectRevert(abi.encodeWithSelector(IRefunds.TooEarly.selector, deadline));
        vm.prank(USER);
        direct.cancelRequest(traceId, false, context);
    }

    function test_request__should_be_cancelled_by_its_owner_alone(address stranger) public {
        vm.assume(stranger != USER && stranger != PROXY_ADMIN);
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", 0);
        vm.warp(block.timestamp + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestMismatch.selector, traceId));
        vm.prank(stranger);
        direct.cancelRequest(traceId, false, context);
    }

    function test_request__should_be_named_exactly(bytes32 context, bool broadcast) public {
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 right) = requestHash(USER, "payload", 0);
        vm.assume(context != right);
        vm.warp(block.timestamp + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestMismatch.selector, traceId));
        vm.prank(USER);
        direct.cancelRequest(traceId, broadcast, context);
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestMismatch.selector, traceId));
        vm.prank(USER);
        direct.cancelRequest(traceId, true, right);
    }

    function test_request__should_end_once(bool answered, uint16 unknown) public {
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", 0);
        vm.warp(block.timestamp + 1 days);
        if (answered) {
            direct.zrSignRes(signAnswer(traceId, USER));
        } else {
            vm.prank(USER);
            direct.cancelRequest(traceId, false, context);
        }
        bytes memory gone = abi.encodeWithSelector(IRefunds.RequestNotFoundOrAlreadyProcessed.selector, traceId);
        SignTypes.SignResParams memory answer = signAnswer(traceId, USER);
        vm.expectRevert(gone);
        direct.zrSignRes(answer);
        vm.expectRevert(gone);
        vm.prank(USER);
        direct.cancelRequest(traceId, false, context);
        uint256 future = uint256(unknown) + 1;
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestNotFoundOrAlreadyProcessed.selector, future));
        direct.cancelRequest(future, false, context);
    }

    function test_credit__should_not_be_claimed_for_nobody(address claimer) public {
        vm.assume(claimer != PROXY_ADMIN);
        vm.expectRevert(abi.encodeWithSelector(ISign.OwnableInvalidOwner.selector, address(0)));
        vm.prank(claimer);
        direct.claimRefund(payable(address(0)));
    }

    function test_pause__should_not_trap_refunds(uint64 surplus) public {
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", surplus);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.warp(block.timestamp + 1 days);
        direct.pause();
        uint256 before = USER.balance;
        vm.startPrank(USER);
        direct.cancelRequest(traceId, false, context);
        direct.cancelKeyRequest(EVM, USER, 1);
        direct.claimRefund(payable(USER));
        vm.stopPrank();
        vm.assertEq(USER.balance, before + 2 * netResp() + surplus);
    }

    function test_key__should_be_refunded_and_free_its_index(uint8 options, uint64 surplus) public {
        vm.assume(options != 0);
        direct.zrKeyReq{value: directFee(options) + surplus}(SignTypes.ZrKeyReqParams(USER, EVM, options));
        uint256 before = USER.balance;
        vm.warp(block.timestamp + 1 days);
        vm.expectEmit(address(direct));
        emit IRefunds.ZrKeyCancel(EVM, USER, 0, netResp() + surplus);
        vm.prank(USER);
        direct.cancelKeyRequest(EVM, USER, 0);
        vm.assertEq(USER.balance, before + netResp() + surplus);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).status, 0);
        SignTypes.ZrKeyResParams memory answer = keyAnswer(USER, 0, WALLET);
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletNotRequested.selector, WALLET));
        direct.zrKeyRes(answer);
        registerWallet(USER, 1);
        vm.assertEq(direct.getZrKeys(EVM, USER).length, 1);
    }

    function test_key__should_be_cancelled_by_its_owner_alone(address stranger) public {
        vm.assume(stranger != USER && stranger != PROXY_ADMIN);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.warp(block.timestamp + 1 days);
        vm.expectRevert(abi.encodeWithSelector(ISign.OwnableInvalidOwner.selector, stranger));
        vm.prank(stranger);
        direct.cancelKeyRequest(EVM, USER, 0);
    }

    function test_key__should_wait_anew_when_its_owner_asks_again(uint16 later, bool owner) public {
        vm.deal(USER, 10 ether);
        vm.deal(RELAYER, 10 ether);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        uint256 first = block.timestamp;
        vm.warp(first + later);
        vm.prank(owner ? USER : RELAYER);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        uint256 deadline = (owner ? first + later : first) + 1 days;
        vm.warp(deadline - 1);
        vm.expectRevert(abi.encodeWithSelector(IRefunds.TooEarly.selector, deadline));
        vm.prank(USER);
        direct.cancelKeyRequest(EVM, USER, 0);
        vm.warp(deadline);
        vm.prank(USER);
        direct.cancelKeyRequest(EVM, USER, 0);
    }

    /// @dev Where an answer costs nothing, nothing is held; the open request still blocks its index.
    function test_key__should_be_cancelled_when_nothing_is_held() public {
        direct.updateRespGas(0);
        direct.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).value, 0);
        vm.warp(block.timestamp + 1 days);
        vm.prank(USER);
        direct.cancelKeyRequest(EVM, USER, 0);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).status, 0);
    }

    function test_key__should_wait_for_the_deadline(uint16 early) public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        uint256 deadline = block.timestamp + 1 days;
        vm.warp(deadline - 1 - early);
        vm.expectRevert(abi.encodeWithSelector(IRefunds.TooEarly.selector, deadline));
        vm.prank(USER);
        direct.cancelKeyRequest(EVM, USER, 0);
    }

    function test_registeredKey__should_not_be_cancelled(uint8 index) public {
        registerWallet(USER, 1);
        vm.warp(block.timestamp + 1 days);
        vm.expectRevert(IRefunds.NothingToCancel.selector);
        vm.prank(USER);
        direct.cancelKeyRequest(EVM, USER, index);
    }

    function test_ownerlessKey__should_fall_to_the_fees(address anybody, uint64 surplus) public {
        vm.assume(anybody != PROXY_ADMIN);
        direct.zrKeyReq{value: directFee(1) + surplus}(SignTypes.ZrKeyReqParams(address(0), EVM, 1));
        vm.warp(block.timestamp + 1 days);
        vm.prank(anybody);
        direct.cancelKeyRequest(EVM, address(0), 0);
        vm.assertEq(direct.getColletedFees(), directFee(1) + surplus);
        vm.assertEq(address(direct).balance, direct.getColletedFees());
    }

    function test_getters__should_say_everything_of_a_request(bytes calldata payload, uint64 surplus, uint32 time)
        public
    {
        vm.warp(time);
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, payload, surplus);
        SignTypes.RequestInfo memory info = direct.getRequest(traceId);
        vm.assertEq(info.status, 1);
        vm.assertEq(info.delivery, 0);
        vm.assertEq(info.value, netResp() + surplus);
        vm.assertEq(info.requestedAt, time);
        bytes32 wallet = keccak256(abi.encode(block.chainid, address(direct), EVM, USER, uint256(0)));
        vm.assertEq(context, keccak256(abi.encode(wallet, CHAIN, keccak256(payload), uint8(0))));
        vm.assertEq(bytes32(info.commitment), bytes32(bytes16(keccak256(abi.encode(USER, false, context)))));
    }
}
