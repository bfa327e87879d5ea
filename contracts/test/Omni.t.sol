// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";

import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignOmniV2} from "../src/interfaces/IZrSignOmniV2.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

/// @dev A payer that spends its change on another request as it arrives.
contract Respender {
    IZrSignOmniV2 private immutable SIGN;

    constructor(IZrSignOmniV2 sign) {
        SIGN = sign;
    }

    receive() external payable {
        SIGN.zrKeyReq{value: msg.value}(
            SignTypes.ZrKeyReqTypeParams(0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a)
        );
    }

    function request() external payable {
        SIGN.zrKeyReq{value: msg.value}(
            SignTypes.ZrKeyReqTypeParams(0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a)
        );
    }
}

contract OmniTest is Fixture {
    function test_keyRequests__should_count_wallets_of_type_and_owner(uint8 count) public {
        vm.assume(count < 20);
        for (uint256 index = 0; index < count; index++) {
            vm.expectEmit(address(omni));
            emit ISign.ZrKeyRequest(EVM, USER, index, 1, MPC_FEE, MPC_FEE);
            omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        }
        vm.assertEq(omni.getWalletCount(EVM, USER), count);
        vm.assertEq(omni.getWalletCount(EVM, RELAYER), 0);
        vm.assertEq(address(omni).balance, omni.getColletedFees());
    }

    function test_surplus__should_return_to_the_payer(uint8 options, uint96 surplus) public {
        vm.assume(options != 0);
        uint256 fee = MPC_FEE * options;
        vm.deal(USER, fee + surplus);
        vm.expectEmit(address(omni));
        emit ISign.ZrKeyRequest(EVM, RELAYER, 0, options, fee, fee);
        vm.prank(USER);
        omni.zrKeyReq{value: fee + surplus}(SignTypes.ZrKeyReqParams(RELAYER, EVM, options));
        vm.assertEq(USER.balance, surplus);
        vm.assertEq(address(omni).balance, fee);
        vm.assertEq(omni.getColletedFees(), fee);
    }

    function test_surplus__should_become_a_credit_of_a_payer_that_spends_it_at_once() public {
        Respender payer = new Respender(IZrSignOmniV2(address(omni)));
        payer.request{value: 3 * MPC_FEE}();
        vm.assertEq(omni.getWalletCount(EVM, address(payer)), 1);
        vm.assertEq(omni.refundCredit(address(payer)), 2 * MPC_FEE);
        vm.assertEq(address(omni).balance, omni.getColletedFees() + 2 * MPC_FEE);
    }

    function test_signRequests__should_emit_type_and_trace_id(bytes calldata payload, bool broadcast) public {
        omni.zrKeyReq{value: 2 * MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        bytes32 walletId = keccak256(abi.encode(block.chainid, address(omni), EVM, USER, uint256(0)));
        SignTypes.ZrSignParams memory params = signParams(0, payload, broadcast);
        vm.startPrank(USER);
        vm.expectEmit(address(omni));
        emit ISign.ZrSigRequest(
            0, walletId, 2 * MPC_FEE, 2 * MPC_FEE, SignTypes.SigReqParams(EVM, 0, CHAIN, payload, USER, 1, broadcast)
        );
        omni.zrSignTx{value: 2 * MPC_FEE}(params);
        vm.expectEmit(address(omni));
        emit ISign.ZrSigRequest(
            1, walletId, 2 * MPC_FEE, 2 * MPC_FEE, SignTypes.SigReqParams(EVM, 0, CHAIN, payload, USER, 2, broadcast)
        );
        omni.zrSignSimpleTx{value: 2 * MPC_FEE}(params);
        vm.expectEmit(address(omni));
        emit ISign.ZrSigRequest(
            2, walletId, 2 * MPC_FEE, 2 * MPC_FEE, SignTypes.SigReqParams(EVM, 0, CHAIN, payload, USER, 0, false)
        );
        omni.zrSignHash{value: 1 ether}(signParams(0, payload, false));
        vm.expectEmit(address(omni));
        emit ISign.ZrSigRequest(
            3, walletId, 2 * MPC_FEE, 2 * MPC_FEE, SignTypes.SigReqParams(EVM, 0, CHAIN, payload, USER, 3, false)
        );
        omni.zrSignData{value: 2 * MPC_FEE}(signParams(0, payload, false));
        vm.stopPrank();
        vm.assertEq(omni.getTraceId(), 4);
        vm.assertEq(address(omni).balance, omni.getColletedFees());
    }

    function test_signRequest__should_check_in_order() public {
        SignTypes.ZrSignParams memory params = signParams(1, "payload", true);
        omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(address(this), EVM, 1));
        params.dstChainId = 0;
        vm.expectRevert(abi.encodeWithSelector(ISign.ChainIdNotSupported.selector, EVM, bytes32(0)));
        omni.zrSignHash(params);
        params.dstChainId = CHAIN;
        vm.expectRevert(ISign.BroadcastNotAllowed.selector);
        omni.zrSignHash(params);
        params.broadcast = false;
        omni.pause();
        vm.expectRevert(IZrSignConfig.EnforcedPause.selector);
        omni.zrSignHash(params);
        omni.unpause();
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidWalletIndex.selector, 1));
        omni.zrSignHash(params);
        params.walletIndex = 0;
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletNotRegisteredForMonitoring.selector, 0));
        omni.zrSignSimpleTx(params);
        vm.expectRevert(abi.encodeWithSelector(ISign.InsufficientFee.selector, MPC_FEE, MPC_FEE - 1));
        omni.zrSignHash{value: MPC_FEE - 1}(params);
    }

    function test_somebodyElsesWallet__should_not_sign() public {
        omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidWalletIndex.selector, 0));
        omni.zrSignHash{value: MPC_FEE}(signParams(0, "payload", false));
    }

    function test_estimate__should_have_nothing_for_an_answer(uint8 options, uint256 value) public view {
        vm.assume(options != 0);
        (uint256 mpc, uint256 answer, uint256 total) = omni.estimateFee(options, value);
        vm.assertEq(mpc, MPC_FEE * options);
        vm.assertEq(answer, 0);
        vm.assertEq(total, mpc);
    }
}
