// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";

import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignJuly2024} from "../src/interfaces/IZrSignJuly2024.sol";
import {IZrSignOmniV2} from "../src/interfaces/IZrSignOmniV2.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {Fixture} from "./Fixture.sol";

contract DirectKeysTest is Fixture {
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";

    function test_keyRequest__should_hold_the_answer_fee_and_book_the_network_fee(uint8 options, uint72 surplus)
        public
    {
        vm.assume(options != 0);
        uint256 value = directFee(options) + surplus;
        vm.deal(USER, value);
        vm.expectEmit(address(direct));
        emit ISign.ZrKeyRequest(EVM, USER, 0, options, value, MPC_FEE * options);
        vm.prank(USER);
        IZrSignJuly2024(address(direct)).zrKeyReq{value: value}(SignTypes.ZrKeyReqCallerParams(EVM, options));

        SignTypes.WalletRegistry memory wallet = direct.getWalletRegistry(EVM, 0, USER);
        vm.assertEq(wallet.status, direct.WALLET_REQUESTED());
        vm.assertEq(wallet.options, options);
        vm.assertEq(wallet.value, netResp() + surplus);
        vm.assertEq(direct.getColletedFees(), MPC_FEE * options);
        vm.assertEq(address(direct).balance, direct.getColletedFees() + wallet.value);
    }

    function test_keyRequest__should_accept_all_three_forms() public {
        uint256 fee = directFee(1);
        vm.startPrank(USER);
        vm.expectEmit(address(direct));
        emit ISign.ZrKeyRequest(EVM, RELAYER, 0, 1, fee, MPC_FEE);
        direct.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(RELAYER, EVM, 1));
        vm.expectEmit(address(direct));
        emit ISign.ZrKeyRequest(EVM, USER, 0, 1, fee, MPC_FEE);
        IZrSignOmniV2(address(direct)).zrKeyReq{value: fee}(SignTypes.ZrKeyReqTypeParams(EVM));
        vm.expectEmit(address(direct));
        emit ISign.ZrKeyRequest(EVM, address(0), 0, 1, fee, MPC_FEE);
        direct.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(address(0), EVM, 1));
        vm.stopPrank();
    }

    function test_keyRequestAgain__should_add_everything_to_the_open_request() public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.expectEmit(address(direct));
        emit ISign.ZrKeyRequest(EVM, USER, 0, 2, directFee(2), 2 * MPC_FEE);
        direct.zrKeyReq{value: directFee(2)}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        SignTypes.WalletRegistry memory wallet = direct.getWalletRegistry(EVM, 0, USER);
        vm.assertEq(wallet.options, 1);
        vm.assertEq(wallet.value, netResp() + directFee(2));
        vm.assertEq(direct.getColletedFees(), MPC_FEE);
    }

    function test_keyRequestAgain__should_let_the_owner_choose_where_options_are_strict() public {
        demand(direct, Strictness.OPTIONS);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.prank(USER);
        direct.zrKeyReq{value: directFee(2)}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).options, 2);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).options, 2);
        direct.zrKeyRes(keyAnswer(USER, 0, WALLET));
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).options, 2);
    }

    /// @dev Asking for more options costs what they cost: it was a way to them for the fee of the lower ones.
    function test_keyRequestAgain__should_pay_the_network_for_what_it_raises(uint8 first, uint8 then_) public {
        vm.assume(first != 0 && then_ != 0);
        (first, then_) = (1 + first % 2, 1 + then_ % 2);
        demand(direct, Strictness.OPTIONS);
        vm.deal(USER, 10 ether);
        vm.startPrank(USER);
        direct.zrKeyReq{value: directFee(first)}(SignTypes.ZrKeyReqParams(USER, EVM, first));
        direct.zrKeyReq{value: directFee(then_)}(SignTypes.ZrKeyReqParams(USER, EVM, then_));
        vm.stopPrank();
        uint8 most = first > then_ ? first : then_;
        vm.assertEq(direct.getColletedFees(), MPC_FEE * most);
        uint256 held = direct.getWalletRegistry(EVM, 0, USER).value;
        vm.assertEq(held, directFee(first) + directFee(then_) - MPC_FEE * most);
        vm.assertEq(address(direct).balance, held + MPC_FEE * most);
    }

    function test_keyRequest__should_check_in_order() public {
        bytes32 unknown = bytes32(uint256(7));
        direct.pause();
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, unknown));
        direct.zrKeyReq(SignTypes.ZrKeyReqParams(USER, unknown, 0));
        vm.expectRevert(IZrSignConfig.EnforcedPause.selector);
        direct.zrKeyReq(SignTypes.ZrKeyReqParams(USER, EVM, 0));
        direct.unpause();
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidOptions.selector, 0));
        direct.zrKeyReq(SignTypes.ZrKeyReqParams(USER, EVM, 0));
        uint256 fee = directFee(1);
        vm.expectRevert(abi.encodeWithSelector(ISign.InsufficientFee.selector, fee, fee - 1));
        direct.zrKeyReq{value: fee - 1}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
    }

    function test_keyAnswer__should_register_the_wallet() public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        SignTypes.ZrKeyResParams memory answer = keyAnswer(USER, 0, WALLET);
        vm.expectEmit(address(direct));
        emit ISign.ZrKeyResolve(EVM, USER, 0, WALLET);
        vm.prank(RELAYER);
        direct.zrKeyRes{gas: RESP_GAS}(answer);
        vm.assertEq(direct.getZrKeys(EVM, USER).length, 1);
        vm.assertEq(direct.getZrKey(EVM, USER, 0), WALLET);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).status, direct.WALLET_REGISTERED());
        vm.expectRevert(abi.encodeWithSelector(ISign.IncorrectWalletIndex.selector, 1, 0));
        direct.zrKeyRes(answer);
    }

    function test_keyAnswer__should_check_in_order() public {
        SignTypes.ZrKeyResParams memory answer = keyAnswer(USER, 0, WALLET);
        answer.walletTypeId = bytes32(uint256(7));
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, answer.walletTypeId));
        direct.zrKeyRes(answer);

        direct.pause();
        answer = keyAnswer(address(0), 0, WALLET);
        vm.expectRevert(abi.encodeWithSelector(ISign.OwnableInvalidOwner.selector, address(0)));
        direct.zrKeyRes(answer);
        answer = keyAnswer(USER, 1, "0x");
        vm.expectRevert(IZrSignConfig.EnforcedPause.selector);
        direct.zrKeyRes(answer);
        direct.unpause();

        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidAddressLength.selector, 5, 2));
        direct.zrKeyRes(answer);
        answer = keyAnswer(USER, 1, WALLET);
        vm.expectRevert(abi.encodeWithSelector(ISign.IncorrectWalletIndex.selector, 0, 1));
        direct.zrKeyRes(answer);
        answer = keyAnswer(USER, 0, WALLET);
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletNotRequested.selector, WALLET));
        direct.zrKeyRes(answer);
    }

    /// @dev The field for the length has 16 bits; a longer text was kept with another length than its own.
    function test_keyAnswer__should_refuse_a_text_longer_than_its_length_can_say(uint8 over) public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        uint256 length = 65_536 + uint256(over);
        SignTypes.ZrKeyResParams memory answer = keyAnswer(USER, 0, string(new bytes(length)));
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidAddressLength.selector, 5, length));
        direct.zrKeyRes(answer);
        direct.zrKeyRes(keyAnswer(USER, 0, string(new bytes(300 + uint256(over)))));
        vm.assertEq(bytes(direct.getZrKey(EVM, USER, 0)).length, 300 + uint256(over));
    }

    function test_keyAnswer__should_refuse_a_malformed_signature() public {
        SignTypes.ZrKeyResParams memory answer = keyAnswer(USER, 0, WALLET);
        bytes memory good = answer.authSignature;

        answer.authSignature = new bytes(64);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidSignature.selector, 2));
        direct.zrKeyRes(answer);
        answer.authSignature = bytes.concat(bytes32(uint256(1)), bytes32(type(uint256).max), bytes1(0x1b));
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidSignature.selector, 3));
        direct.zrKeyRes(answer);
        good[64] = 0x00;
        answer.authSignature = good;
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidSignature.selector, 1));
        direct.zrKeyRes(answer);
    }

    function test_keyAnswer__should_refuse_a_signer_without_the_role(uint64 key) public {
        vm.assume(key != 0 && key != MPC_KEY);
        SignTypes.ZrKeyResParams memory answer = keyAnswer(USER, 0, WALLET);
        answer.authSignature = signAuthority(key, abi.encode(CHAIN, EVM, USER, 0, WALLET, uint8(1)));
        bytes32 role = direct.MPC_ROLE();
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, vm.addr(key), role)
        );
        direct.zrKeyRes(answer);
    }

    function test_keyAnswer__should_be_bound_to_the_chain() public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        SignTypes.ZrKeyResParams memory answer = keyAnswer(USER, 0, WALLET);
        vm.chainId(31338);
        vm.assertEq(direct.SRC_CHAIN_ID(), keccak256("eip155:31338"));
        (bool landed, bytes memory reason) = address(direct).call(abi.encodeCall(direct.zrKeyRes, (answer)));
        vm.assertFalse(landed);
        vm.assertEq(bytes32(bytes4(reason)), bytes32(IAccessControl.AccessControlUnauthorizedAccount.selector));
    }
}
