// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {Fixture} from "./Fixture.sol";
import {Vm} from "./Vm.sol";

/// @dev An owner that needs more gas to take ether than a refund gives it, and that cannot claim.
contract Ledger {
    mapping(uint256 => uint256) public entries;
    uint256 public count;

    receive() external payable {
        for (uint256 i = 0; i < 5; i++) {
            entries[count++] = msg.value;
        }
    }
}

/// @dev An owner that takes no ether, or takes it only to burn gas or to call back.
contract Owner {
    enum Manner {
        Rejects,
        BurnsGas,
        Reenters
    }

    address private immutable SIGN;
    Manner private immutable MANNER;

    constructor(address sign, Manner manner) {
        SIGN = sign;
        MANNER = manner;
    }

    receive() external payable {
        require(MANNER != Manner.Rejects, "no ether");
        uint256 i;
        while (MANNER == Manner.BurnsGas) i++;
        ISign(SIGN).claimRefund(payable(address(0xF00D)));
    }

    function claim(address payable to) external {
        ISign(SIGN).claimRefund(to);
    }
}

contract RefundsTest is Fixture {
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";
    /// @dev Gas of a transaction before its code runs: 21,000, and its call data.
    uint256 internal constant INTRINSIC = 26_000;

    /// @dev What the refund event says: wei to the submitter, wei to the owner.
    function answerKey(address owner, uint256 gas) internal returns (uint256 cost, uint256 change) {
        SignTypes.ZrKeyResParams memory answer = keyAnswer(owner, 0, WALLET);
        vm.recordLogs();
        vm.prank(RELAYER);
        direct.zrKeyRes{gas: gas}(answer);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] == ISign.ZrSigGasRefund.selector) {
                return abi.decode(logs[i].data, (uint256, uint256));
            }
        }
        revert("no refund");
    }

    function test_refund__should_split_what_was_held(uint64 surplus, uint40 gasPrice) public {
        vm.txGasPrice(gasPrice);
        direct.zrKeyReq{value: directFee(1) + surplus}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        uint256 held = netResp() + surplus;
        uint256 userBefore = USER.balance;
        (uint256 cost, uint256 change) = answerKey(USER, RESP_GAS);

        vm.assertEq(cost + change, held);
        vm.assertTrue(cost <= (RESP_GAS + 2 * 7210) * uint256(gasPrice));
        vm.assertEq(RELAYER.balance, cost);
        vm.assertEq(USER.balance, userBefore + change);
        vm.assertEq(address(direct).balance, direct.getColletedFees());
    }

    function test_refund__should_cover_the_gas_that_was_used() public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        uint256 before = gasleft();
        (uint256 cost,) = answerKey(USER, RESP_GAS);
        vm.assertTrue(cost > 60_000 * BASE_FEE);
        vm.assertTrue(cost < (before - gasleft() + RESP_GAS / 64 + 2 * 7210) * BASE_FEE);
    }

    function test_refund__should_cap_the_cost_at_what_was_held() public {
        vm.txGasPrice(1000 gwei);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        (uint256 cost, uint256 change) = answerKey(USER, RESP_GAS);
        vm.assertEq(cost, netResp());
        vm.assertEq(change, 0);
    }

    function test_refund__should_survive_a_gas_limit_above_respGas(uint24 extra) public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        (uint256 cost,) = answerKey(USER, 2 * RESP_GAS + extra);
        vm.assertEq(cost, 2 * 7210 * BASE_FEE);
    }

    function test_refund__should_survive_respGas_lowered_to_zero() public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        direct.updateRespGas(0);
        (uint256 cost, uint256 change) = answerKey(USER, RESP_GAS);
        vm.assertEq(cost + change, netResp());
    }

    function test_rejectingOwner__should_keep_a_credit_and_not_stop_the_answer() public {
        Owner owner = new Owner(address(direct), Owner.Manner.Rejects);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(address(owner), EVM, 1));
        (, uint256 change) = answerKey(address(owner), RESP_GAS);
        vm.assertEq(direct.getZrKeys(EVM, address(owner)).length, 1);
        vm.assertEq(direct.refundCredit(address(owner)), change);
        vm.assertEq(address(direct).balance, direct.getColletedFees() + change);

        vm.expectRevert(bytes("Transfer failed"));
        owner.claim(payable(address(owner)));
        owner.claim(payable(address(0xF00D)));
        vm.assertEq(address(0xF00D).balance, change);
        vm.assertEq(direct.refundCredit(address(owner)), 0);
        owner.claim(payable(address(0xF00D)));
        vm.assertEq(address(0xF00D).balance, change);
    }

    function test_gasBurningOwner__should_keep_a_credit_and_not_stop_the_answer() public {
        Owner owner = new Owner(address(direct), Owner.Manner.BurnsGas);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(address(owner), EVM, 1));
        (, uint256 change) = answerKey(address(owner), RESP_GAS);
        vm.assertEq(direct.refundCredit(address(owner)), change);
    }

    function test_credit__should_be_paid_to_its_account_by_anybody(address anybody) public {
        vm.assume(anybody != PROXY_ADMIN);
        Ledger owner = new Ledger();
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(address(owner), EVM, 1));
        (, uint256 change) = answerKey(address(owner), RESP_GAS);
        vm.assertEq(direct.refundCredit(address(owner)), change);
        vm.prank(anybody);
        direct.claimRefundFor(payable(address(owner)));
        vm.assertEq(address(owner).balance, change);
        vm.assertEq(direct.refundCredit(address(owner)), 0);
        direct.claimRefundFor(payable(address(owner)));
        vm.assertEq(address(owner).balance, change);
    }

    function test_credit__should_stay_when_its_account_refuses_it() public {
        Owner owner = new Owner(address(direct), Owner.Manner.Rejects);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(address(owner), EVM, 1));
        (, uint256 change) = answerKey(address(owner), RESP_GAS);
        vm.expectRevert(bytes("Transfer failed"));
        direct.claimRefundFor(payable(address(owner)));
        vm.assertEq(direct.refundCredit(address(owner)), change);
    }

    function test_reenteringOwner__should_keep_a_credit() public {
        Owner owner = new Owner(address(direct), Owner.Manner.Reenters);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(address(owner), EVM, 1));
        (, uint256 change) = answerKey(address(owner), RESP_GAS);
        vm.assertEq(direct.refundCredit(address(owner)), change);
    }

    /// @dev What the answer took at the submitter's price, paid or not, is what the submitter gets.
    function measured(address owner) internal returns (uint256 spent, uint256 cost, uint256 change) {
        SignTypes.ZrKeyResParams memory answer = keyAnswer(owner, 0, WALLET);
        // An account that sends transactions exists; paying one that does not takes 25,000 more.
        vm.deal(RELAYER, 1);
        uint256 paid = RELAYER.balance;
        vm.prank(RELAYER);
        spent = gasleft();
        direct.zrKeyRes{gas: RESP_GAS - INTRINSIC}(answer);
        spent = spent - gasleft() + INTRINSIC;
        cost = RELAYER.balance - paid;
        change = owner.balance + direct.refundCredit(owner);
    }

    function test_submitter__should_be_made_whole_for_what_an_owner_makes_it_spend(uint8 manner, bool strict) public {
        if (strict) demand(direct, Strictness.REFUND);
        Owner owner = new Owner(address(direct), Owner.Manner(manner % 3));
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(address(owner), EVM, 1));
        (uint256 spent, uint256 cost, uint256 change) = measured(address(owner));
        vm.assertTrue(cost >= spent * BASE_FEE, "short");
        vm.assertTrue(cost <= (spent + 30_000) * BASE_FEE, "too much");
        vm.assertEq(cost + change, netResp());
        vm.assertEq(address(direct).balance, direct.getColletedFees() + direct.refundCredit(address(owner)));
    }

    /// @dev What is held bounds it all the same.
    function test_submitter__should_get_no_more_than_what_is_held(uint32 respGas) public {
        respGas = respGas % 200_000;
        direct.updateRespGas(respGas);
        Owner owner = new Owner(address(direct), Owner.Manner.Rejects);
        direct.zrKeyReq{value: 1 ether}(SignTypes.ZrKeyReqParams(address(owner), EVM, 1));
        uint256 held = direct.getWalletRegistry(EVM, 0, address(owner)).value;
        (, uint256 cost, uint256 change) = measured(address(owner));
        vm.assertEq(cost + change, held);
    }

    /// @dev `respGas` that was raised after the request would pay for gas that nobody used.
    function test_submitter__should_not_gain_by_respGas_that_was_raised_later(bool strict) public {
        if (strict) demand(direct, Strictness.REFUND);
        direct.zrKeyReq{value: directFee(1) + 1 ether}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        direct.updateRespGas(10_000_000);
        (uint256 spent, uint256 cost,) = measured(USER);
        // The test itself spends up to 3,000 on the call.
        vm.assertTrue(cost >= (spent - 3_000) * BASE_FEE, "short");
        vm.assertTrue(cost <= (spent + 20_000) * BASE_FEE, "too much");
    }

    function test_signAnswer__should_refund_the_owner_that_was_signed() public {
        registerWallet(USER, 1);
        vm.prank(USER);
        direct.zrSignHash{value: directFee(1) + 1 ether}(signParams(0, "payload", false));
        uint256 before = USER.balance;
        SignTypes.SignResParams memory answer = signAnswer(0, USER);
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        vm.assertTrue(USER.balance >= before + 1 ether);
        vm.assertEq(address(direct).balance, direct.getColletedFees());
    }
}
