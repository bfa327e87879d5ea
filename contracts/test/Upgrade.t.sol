// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrProxy} from "../src/ZrProxy.sol";
import {ZrSign} from "../src/ZrSign.sol";
import {ZrSignOmni} from "../src/ZrSignOmni.sol";
import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignOmni} from "../src/interfaces/IZrSignOmni.sol";
import {IZrSignOmniV2} from "../src/interfaces/IZrSignOmniV2.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {Fixture} from "./Fixture.sol";

/// @dev A Direct proxy becomes Omni in place, and what Omni alone offers.
contract UpgradeTest is Fixture {
    ZrSignOmni internal moved;

    function upgrade() internal {
        ZrSignOmni next = new ZrSignOmni();
        vm.prank(PROXY_ADMIN);
        ZrProxy(payable(address(direct))).upgradeTo(address(next));
        moved = ZrSignOmni(payable(address(direct)));
    }

    function test_upgrade__should_keep_wallets_and_configuration(uint8 count, uint8 options, uint8 strictness) public {
        count = count % 4;
        vm.assume(options != 0);
        for (uint256 i = 0; i < count; i++) {
            registerWallet(USER, options);
        }
        direct.configureSafety(SignTypes.Safety(strictness, 5, 6, 7, 8));
        direct.pause();
        uint256 fees = direct.getColletedFees();
        upgrade();
        vm.assertEq(moved.getWalletCount(EVM, USER), count);
        if (count != 0) vm.assertEq(moved.getWalletRegistry(EVM, 0, USER).options, options);
        vm.assertTrue(moved.hasRole(moved.MPC_ROLE(), MPC));
        vm.assertTrue(moved.hasRole(moved.DEFAULT_ADMIN_ROLE(), address(this)));
        vm.assertTrue(moved.isChainIdSupported(EVM, CHAIN) && moved.isWalletTypeSupported(EVM));
        vm.assertTrue(moved.paused());
        vm.assertEq(moved.getColletedFees(), fees);
        vm.assertEq(moved.getMPCFee(), MPC_FEE);
        vm.assertEq(abi.encode(moved.getSafety()), abi.encode(SignTypes.Safety(strictness, 5, 6, 7, 8)));
    }

    function test_upgrade__should_let_old_wallets_sign(bytes calldata payload) public {
        registerWallet(USER, 1);
        requestHash(USER, payload, 0);
        upgrade();
        uint256 fee = MPC_FEE;
        vm.prank(USER);
        moved.zrSignHash{value: fee}(signParams(0, payload, false));
        vm.assertEq(moved.getTraceId(), 2);
    }

    function test_upgrade__should_keep_open_refunds(uint64 surplus) public {
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", surplus);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        upgrade();
        uint256 before = USER.balance;
        vm.startPrank(USER);
        moved.cancelRequest(traceId, false, context);
        moved.cancelKeyRequest(EVM, USER, 1);
        vm.expectRevert(IRefunds.NothingToCancel.selector);
        moved.cancelKeyRequest(EVM, USER, 1);
        vm.stopPrank();
        vm.assertEq(USER.balance, before + 2 * netResp() + surplus);
        vm.assertEq(address(moved).balance, moved.getColletedFees());
        vm.assertEq(moved.getRequest(traceId).status, 3);
    }

    function test_upgrade__should_not_give_an_open_key_away(bool cancelled) public {
        registerWallet(USER, 1);
        direct.zrKeyReq{value: directFee(2)}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        upgrade();
        if (cancelled) {
            vm.prank(USER);
            moved.cancelKeyRequest(EVM, USER, 1);
        }
        uint256 fee = MPC_FEE;
        vm.expectEmit(address(moved));
        emit ISign.ZrKeyRequest(EVM, USER, 2, 1, fee, fee);
        moved.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.assertEq(moved.getWalletCount(EVM, USER), 3);
        vm.assertEq(moved.getWalletRegistry(EVM, 1, USER).options, 2);
    }

    function test_upgrade__should_keep_credits_and_refuse_answers(uint64 surplus) public {
        vm.assume(surplus != 0);
        registerWallet(USER, 1);
        (uint256 traceId,) = requestHash(USER, "payload", surplus);
        SignTypes.SignResParams memory answer = signAnswer(traceId, USER);
        upgrade();
        (bool landed,) = address(moved).call(abi.encodeCall(direct.zrSignRes, (answer)));
        vm.assertFalse(landed);
    }

    /// @dev Omni's wallets have no address on chain. Their keys are the ledger's, so Direct lets them sign, and takes
    /// their addresses when an answer says them.
    function test_directAgain__should_let_wallets_of_omni_sign(bool named) public {
        registerWallet(USER, 1);
        upgrade();
        uint256 fee = 2 * MPC_FEE;
        moved.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        moved.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        downgrade();
        if (named) {
            direct.zrKeyRes(keyAnswer(USER, 2, "0x0000000000000000000000000000000000000002"));
            direct.zrKeyRes(keyAnswer(USER, 1, "0x0000000000000000000000000000000000000001"));
            vm.assertEq(direct.getZrKey(EVM, USER, 1), "0x0000000000000000000000000000000000000001");
            vm.assertEq(direct.getZrKey(EVM, USER, 2), "0x0000000000000000000000000000000000000002");
            vm.expectRevert(abi.encodeWithSelector(ISign.IncorrectWalletIndex.selector, 3, 1));
            direct.zrKeyRes(keyAnswer(USER, 1, "0x0000000000000000000000000000000000000002"));
        }
        uint256 traceId = direct.getTraceId();
        vm.prank(USER);
        direct.zrSignHash{value: directFee(2)}(signParams(1, "payload", false));
        direct.zrSignRes(signAnswer(traceId, USER));
        vm.assertEq(direct.getRequestState(traceId).status, 2);
        // New wallets come behind.
        vm.assertEq(direct.getZrKeys(EVM, USER).length, 3);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidWalletIndex.selector, 3));
        requestOpen(3);
        direct.zrKeyRes(keyAnswer(USER, 3, "0x0000000000000000000000000000000000000003"));
        vm.assertEq(direct.getZrKeys(EVM, USER).length, 4);
    }

    /// @dev A wallet that is counted stays, whoever takes back what is held for it.
    function test_directAgain__should_not_lose_a_wallet_by_cancellation() public {
        direct.zrKeyReq{value: directFee(2)}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        upgrade();
        moved.zrKeyReq{value: 2 * MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        downgrade();
        vm.warp(block.timestamp + 1 days);
        uint256 before = USER.balance;
        vm.startPrank(USER);
        direct.cancelKeyRequest(EVM, USER, 0);
        for (uint256 index = 0; index < 2; index++) {
            vm.expectRevert(IRefunds.NothingToCancel.selector);
            direct.cancelKeyRequest(EVM, USER, index);
        }
        vm.stopPrank();
        vm.assertEq(USER.balance, before + netResp());
        for (uint256 index = 0; index < 2; index++) {
            vm.assertEq(direct.getWalletRegistry(EVM, index, USER).options, 2);
            direct.zrKeyRes(keyAnswer(USER, index, "0x000000000000000000000000000000000000dEaD"));
        }
    }

    function downgrade() internal {
        ZrSign next = new ZrSign();
        vm.prank(PROXY_ADMIN);
        ZrProxy(payable(address(direct))).upgradeTo(address(next));
    }

    function requestOpen(uint256 index) internal {
        uint256 fee = directFee(1);
        vm.prank(USER);
        direct.zrSignHash{value: fee}(signParams(index, "payload", false));
    }

    function test_link__should_name_an_account(address caller, string calldata account) public {
        vm.assume(caller != PROXY_ADMIN);
        uint256 length = bytes(account).length;
        if (length == 0 || length > 128) {
            vm.expectRevert(abi.encodeWithSelector(IZrSignOmni.InvalidAccountLength.selector, length));
        } else {
            vm.expectEmit(address(omni));
            emit IZrSignOmni.ZrAccountLinked(caller, account);
        }
        vm.prank(caller);
        omni.zrLinkAccount(account);
    }

    function test_link__should_refuse_what_is_no_account(uint8 extra) public {
        vm.expectRevert(abi.encodeWithSelector(IZrSignOmni.InvalidAccountLength.selector, 129 + uint256(extra)));
        omni.zrLinkAccount(string(new bytes(129 + uint256(extra))));
        vm.expectRevert(abi.encodeWithSelector(IZrSignOmni.InvalidAccountLength.selector, 0));
        omni.zrLinkAccount("");
    }

    function test_fees__should_be_withdrawn_under_either_name(uint8 options, bool older) public {
        vm.assume(options != 0);
        uint256 fee = MPC_FEE * options;
        omni.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(USER, EVM, options));
        uint256 before = address(this).balance;
        if (older) {
            vm.expectEmit(address(omni));
            emit IZrSignOmni.FeeWithdraw(address(this), fee);
            omni.withdrawFees();
        } else {
            omni.withdrawMPCFees();
        }
        vm.assertEq(address(this).balance, before + fee);
        vm.assertEq(omni.getColletedFees(), 0);
    }

    function test_v2Events__should_come_beside_the_present_ones(bytes calldata payload, bool broadcast) public {
        demand(omni, Strictness.OMNI_V2);
        uint256 fee = 2 * MPC_FEE;
        vm.startPrank(USER);
        vm.expectEmit(address(omni));
        emit IZrSignOmniV2.ZrKeyRequest(EVM, USER);
        omni.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        SignTypes.ZrSignParams memory params = signParams(0, payload, broadcast);
        expectV2(params, 0, 4);
        omni.zrSignTx{value: fee}(params);
        expectV2(params, 1, 8);
        omni.zrSignSimpleTx{value: fee}(params);
        params.broadcast = false;
        expectV2(params, 2, 1);
        omni.zrSignHash{value: fee}(params);
        expectV2(params, 3, 2);
        omni.zrSignData{value: fee}(params);
        vm.stopPrank();
    }

    function expectV2(SignTypes.ZrSignParams memory params, uint256 traceId, uint8 kind) internal {
        vm.expectEmit(address(omni));
        emit IZrSignOmniV2.ZrSigRequest(
            keccak256(abi.encode(traceId + 1, CHAIN)),
            CHAIN,
            EVM,
            USER,
            0,
            CHAIN,
            params.payload,
            kind,
            params.broadcast
        );
    }
}
