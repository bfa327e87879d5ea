// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";

import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

contract DirectSignsTest is Fixture {
    function expectRequest(uint256 traceId, SignTypes.ZrSignParams memory params, uint8 reqType, uint256 value)
        internal
    {
        bytes32 walletId = keccak256(abi.encode(block.chainid, address(direct), EVM, USER, params.walletIndex));
        SignTypes.SigReqParams memory seen =
            SignTypes.SigReqParams(EVM, params.walletIndex, CHAIN, params.payload, USER, reqType, params.broadcast);
        uint256 mpcFee = MPC_FEE * direct.getWalletRegistry(EVM, params.walletIndex, USER).options;
        vm.expectEmit(address(direct));
        emit ISign.ZrSigRequest(traceId, walletId, value, mpcFee, seen);
    }

    function test_everyKind__should_emit_its_type_and_the_next_trace_id(bytes calldata payload, bool broadcast) public {
        registerWallet(USER, 2);
        uint256 fee = directFee(2);
        SignTypes.ZrSignParams memory message = signParams(0, payload, false);
        SignTypes.ZrSignParams memory transaction = signParams(0, payload, broadcast);
        vm.startPrank(USER);
        expectRequest(0, message, 0, fee);
        direct.zrSignHash{value: fee}(message);
        expectRequest(1, transaction, 1, fee);
        direct.zrSignTx{value: fee}(transaction);
        expectRequest(2, transaction, 2, fee + 5);
        direct.zrSignSimpleTx{value: fee + 5}(transaction);
        expectRequest(3, message, 3, fee);
        direct.zrSignData{value: fee}(message);
        vm.stopPrank();
        vm.assertEq(direct.getTraceId(), 4);
        vm.assertEq(direct.getRequestState(2).status, direct.SIG_REQ_IN_PROGRESS());
        vm.assertEq(direct.getRequestState(2).value, netResp() + 5);
        vm.assertEq(direct.getColletedFees(), 10 * MPC_FEE);
    }

    function test_messages__should_not_be_broadcast() public {
        direct.pause();
        vm.expectRevert(ISign.BroadcastNotAllowed.selector);
        direct.zrSignHash(signParams(0, "", true));
        vm.expectRevert(ISign.BroadcastNotAllowed.selector);
        direct.zrSignData(signParams(0, "", true));
    }

    function test_signRequest__should_check_in_order() public {
        uint256 fee = directFee(1);
        SignTypes.ZrSignParams memory params = signParams(0, "payload", false);
        direct.pause();

        params.walletTypeId = bytes32(uint256(7));
        params.dstChainId = bytes32(uint256(8));
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, params.walletTypeId));
        direct.zrSignTx(params);
        params.walletTypeId = EVM;
        vm.expectRevert(abi.encodeWithSelector(ISign.ChainIdNotSupported.selector, EVM, params.dstChainId));
        direct.zrSignTx(params);
        params.dstChainId = CHAIN;
        vm.expectRevert(IZrSignConfig.EnforcedPause.selector);
        direct.zrSignTx(params);
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletNotRegisteredForMonitoring.selector, 0));
        direct.zrSignSimpleTx(params);
        direct.unpause();

        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidOptions.selector, 0));
        direct.zrSignTx(params);
        direct.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(address(this), EVM, 1));
        vm.expectRevert(abi.encodeWithSelector(ISign.InsufficientFee.selector, fee, fee - 1));
        direct.zrSignTx{value: fee - 1}(params);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidWalletIndex.selector, 0));
        direct.zrSignTx{value: fee}(params);
        vm.assertEq(direct.getTraceId(), 0);
    }

    function test_somebodyElsesWallet__should_not_sign(address stranger) public {
        vm.assume(stranger != USER && stranger != PROXY_ADMIN);
        registerWallet(USER, 1);
        vm.deal(stranger, 1 ether);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidOptions.selector, 0));
        vm.prank(stranger);
        direct.zrSignHash{value: 0.1 ether}(signParams(0, "payload", false));
    }

    function test_simpleTx__should_need_a_monitored_wallet() public {
        registerWallet(USER, 1);
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletNotRegisteredForMonitoring.selector, 0));
        vm.prank(USER);
        direct.zrSignSimpleTx{value: 0.1 ether}(signParams(0, "payload", true));
    }

    function test_signAnswer__should_resolve_once() public {
        registerWallet(USER, 1);
        vm.prank(USER);
        direct.zrSignHash{value: directFee(1)}(signParams(0, "payload", false));
        SignTypes.SignResParams memory answer = signAnswer(0, USER);

        direct.pause();
        vm.expectRevert(IZrSignConfig.EnforcedPause.selector);
        direct.zrSignRes(answer);
        direct.unpause();
        vm.expectEmit(address(direct));
        emit ISign.ZrSigResolve(0, "m", "s", false);
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        vm.assertEq(direct.getRequestState(0).status, direct.SIG_REQ_ALREADY_PROCESSED());

        answer.authSignature = "";
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestNotFoundOrAlreadyProcessed.selector, 0));
        direct.zrSignRes(answer);
        answer.traceId = 1;
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestNotFoundOrAlreadyProcessed.selector, 1));
        direct.zrSignRes(answer);
    }

    function test_signAnswer__should_refuse_another_payload() public {
        registerWallet(USER, 1);
        vm.prank(USER);
        direct.zrSignHash{value: directFee(1)}(signParams(0, "payload", false));
        SignTypes.SignResParams memory answer = signAnswer(0, USER);
        answer.signature = "forged";
        (bool landed,) = address(direct).call(abi.encodeCall(direct.zrSignRes, (answer)));
        vm.assertFalse(landed);
    }

    function test_estimate__should_price_by_options_and_absorb_the_surplus(uint8 options, uint96 value) public view {
        vm.assume(options != 0);
        (uint256 mpc, uint256 answer, uint256 total) = direct.estimateFee(options, value);
        uint256 price = directFee(options);
        vm.assertEq(mpc, MPC_FEE * options);
        vm.assertEq(total, value > price ? value : price);
        vm.assertEq(answer, total - mpc);
    }

    function test_estimate__should_take_the_options_of_the_wallet() public {
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidOptions.selector, 0));
        direct.estimateFee(EVM, USER, 0, 0);
        registerWallet(USER, 2);
        (uint256 mpc,, uint256 total) = direct.estimateFee(EVM, USER, 0, 0);
        vm.assertEq(mpc, 2 * MPC_FEE);
        vm.assertEq(total, directFee(2));
    }
}
