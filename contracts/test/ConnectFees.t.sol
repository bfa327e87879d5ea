// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnectBase} from "../src/ZrSignConnectBase.sol";
import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Careless, CarelessFixture} from "./CarelessFixture.sol";

contract Spender {
    bool public takes;

    constructor(bool takes_) {
        takes = takes_;
    }

    function wallet(Careless dapp, uint256 value) external payable {
        dapp.requestNewEVMWallet{value: value}(1);
    }

    receive() external payable {
        require(takes, "refused");
    }
}

/// @dev Asks again while it gets its surplus.
contract Reentrant {
    Careless internal immutable DAPP;
    uint256 public depth;

    constructor(Careless dapp) payable {
        DAPP = dapp;
    }

    function wallet(uint256 value) external {
        DAPP.requestNewEVMWallet{value: value}(1);
    }

    receive() external payable {
        if (depth++ < 3) DAPP.requestNewSolanaWallet{value: msg.value}(1);
    }
}

/// @dev What a dApp pays, who pays it back, and what it gets back.
contract ConnectFeesTest is CarelessFixture {
    // Who pays

    function test_balance__should_pay_exactly_the_fee(uint8 options) public {
        vm.assume(options != 0);
        uint256 before = address(dapp).balance;
        dapp.requestNewEVMWallet(options);
        vm.assertEq(before - address(dapp).balance, directFee(options));
    }

    function test_fee__should_not_exceed_what_the_call_allows(uint96 maxFee, uint8 raised) public {
        direct.updateMPCFee(uint256(MPC_FEE) * (1 + uint256(raised)));
        (,, uint256 fee) = direct.estimateFee(1, 0);
        uint256 before = address(dapp).balance;
        if (fee > maxFee) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.FeeAboveMaximum.selector, fee, uint256(maxFee)));
        }
        dapp.requestWallet(EVM, 1, maxFee);
        vm.assertEq(before - address(dapp).balance, fee > maxFee ? 0 : fee);
    }

    function test_fees__should_count_together_against_what_the_call_allows(uint8 times, uint8 allowed) public {
        uint256 fee = directFee(2);
        (uint256 wanted, uint256 paid) = (uint256(times) % 5, uint256(allowed) % 5);
        if (wanted > paid) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.FeeAboveMaximum.selector, fee, fee - 1));
        }
        dapp.hashes(CHAIN, wanted, paid * fee + fee - 1);
    }

    function test_ceiling__should_end_with_its_call() public {
        dapp.requestWallet(EVM, 1, directFee(1));
        dapp.requestNewEVMWallet(1);
    }

    function test_balance__should_be_named_when_it_does_not_suffice(uint96 available) public {
        uint256 fee = directFee(2);
        vm.deal(address(dapp), available % fee);
        vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.InsufficientBalance.selector, fee, available % fee));
        dapp.hash(EVM, CHAIN, bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.InsufficientBalance.selector, fee, available % fee));
        dapp.requestNewEVMWallet(2);
    }

    function test_surplus__should_go_back_to_whoever_sent_it(uint88 value) public {
        uint256 fee = directFee(1);
        uint256 mine = address(this).balance;
        uint256 before = address(dapp).balance;
        dapp.requestNewEVMWallet{value: value}(1);
        uint256 paid = value < fee ? value : fee;
        vm.assertEq(address(this).balance, mine - paid);
        vm.assertEq(address(dapp).balance, before + paid - fee);
    }

    function test_surplus__should_be_counted_over_all_requests_of_a_call() public {
        uint256 mine = address(this).balance;
        uint256 before = address(dapp).balance;
        dapp.twoWallets{value: 1 ether}();
        vm.assertEq(address(this).balance, mine - 2 * directFee(1));
        vm.assertEq(address(dapp).balance, before);
    }

    /// @dev Two guarded functions in one call with one value: the contract's own ether pays for the second.
    function test_surplus__should_be_given_back_by_the_outermost_function_only() public {
        Careless fresh = new Careless(payable(address(direct)));
        vm.deal(address(fresh), 1 ether);
        uint256 mine = address(this).balance;
        fresh.twoWallets{value: 3 ether}();
        vm.assertEq(address(fresh).balance, 1 ether);
        vm.assertEq(address(this).balance, mine - 2 * directFee(1));
    }

    function test_surplus__should_not_be_lost_on_a_caller_that_refuses_it() public {
        Spender refusing = new Spender(false);
        vm.deal(address(refusing), 2 ether);
        dapp.grantRole(spenderRole, address(refusing));
        uint256 surplus = 1 ether - directFee(1);
        vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.SurplusRefused.selector, address(refusing), surplus));
        refusing.wallet(dapp, 1 ether);
        refusing.wallet(dapp, directFee(1));
        vm.assertEq(address(refusing).balance, 2 ether - directFee(1));
    }

    function test_surplus__should_never_take_from_the_balance_however_it_is_reentered(uint64 value) public {
        Reentrant attacker = new Reentrant(dapp);
        vm.deal(address(attacker), value);
        dapp.grantRole(spenderRole, address(attacker));
        uint256 together = address(dapp).balance + value;
        uint256 held = address(direct).balance;
        attacker.wallet(value);
        vm.assertEq(address(dapp).balance + address(attacker).balance + address(direct).balance - held, together);
        uint256 requests = (address(direct).balance - held) / directFee(1);
        vm.assertTrue(address(dapp).balance + requests * directFee(1) >= 10 ether);
    }

    function test_callerPays__should_leave_the_balance_alone(uint88 value) public {
        uint256 fee = directFee(1);
        uint256 before = address(dapp).balance;
        if (value < fee) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.InsufficientBalance.selector, fee, value));
        }
        dapp.payForWallet{value: value}();
        vm.assertEq(address(dapp).balance, before);
    }

    // Refunds

    function test_change__should_come_back_to_the_dapp() public {
        dapp.hash(EVM, CHAIN, bytes32(0));
        uint256 before = address(dapp).balance;
        SignTypes.SignResParams memory answer = signAnswer(0, address(dapp));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        vm.assertTrue(address(dapp).balance > before);
    }

    function test_refused_change__should_wait_for_claimRefund(address anybody) public {
        dapp.hash(EVM, CHAIN, bytes32(0));
        dapp.refuse(true);
        SignTypes.SignResParams memory answer = signAnswer(0, address(dapp));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        uint256 credit = direct.refundCredit(address(dapp));
        vm.assertTrue(credit > 0);
        dapp.refuse(false);
        uint256 before = address(dapp).balance;
        vm.prank(anybody);
        dapp.claimRefund();
        vm.assertEq(address(dapp).balance, before + credit);
    }

    /// @dev Ether that came in meanwhile is the contract's, not the caller's.
    function test_surplus__should_be_no_more_than_the_caller_sent(uint32 value) public {
        dapp.hash(EVM, CHAIN, bytes32(0));
        dapp.refuse(true);
        SignTypes.SignResParams memory answer = signAnswer(0, address(dapp));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        dapp.refuse(false);
        uint256 credit = direct.refundCredit(address(dapp));
        uint256 before = address(dapp).balance;
        uint256 mine = address(this).balance;
        dapp.claimAndReturn{value: value}();
        vm.assertEq(address(this).balance, mine);
        vm.assertEq(address(dapp).balance, before + credit);
    }

    function test_unanswered_requests__should_be_taken_back(bytes32 digest) public {
        uint256 traceId = dapp.hash(EVM, CHAIN, digest);
        SignTypes.ZrSignParams memory asked = signParams(0, abi.encodePacked(digest), false);
        bytes32 context = direct.requestContext(address(dapp), asked, 0);
        uint256 before = address(dapp).balance;
        uint256 deadline = block.timestamp + 1 days;
        vm.expectRevert(abi.encodeWithSelector(IRefunds.TooEarly.selector, deadline));
        dapp.cancelRequest(traceId, false, context);
        clock.warp(deadline);
        dapp.cancelRequest(traceId, false, context);
        vm.assertEq(address(dapp).balance, before + netResp());
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestNotFoundOrAlreadyProcessed.selector, traceId));
        dapp.cancelRequest(traceId, false, context);
    }

    function test_unanswered_keys__should_be_taken_back() public {
        dapp.requestNewSolanaWallet(1);
        uint256 before = address(dapp).balance;
        clock.warp(block.timestamp + 1 days);
        dapp.cancelKeyRequest(SOLANA, 0);
        vm.assertEq(address(dapp).balance, before + netResp());
    }
}
