// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ZrSign} from "../src/ZrSign.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {Fixture} from "./Fixture.sol";

/// @dev The EIP-712 form of an answer binds it to chain, contract, kind of message and request.
contract AuthorityTest is Fixture {
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";

    /// @dev The answer must fail because no authority signed what the contract reads.
    function expectStranger(bytes memory call) internal {
        (bool landed, bytes memory reason) = address(direct).call(call);
        vm.assertFalse(landed);
        vm.assertEq(bytes32(bytes4(reason)), bytes32(IAccessControl.AccessControlUnauthorizedAccount.selector));
    }

    function expectMismatch(bytes32 context) internal {
        vm.expectRevert(abi.encodeWithSelector(ISign.AnswerMismatch.selector, context));
    }

    function test_typedKey__should_register(uint8 options, bool strict) public {
        vm.assume(options != 0);
        if (strict) demand(direct, Strictness.TYPED);
        direct.zrKeyReq{value: directFee(options)}(SignTypes.ZrKeyReqParams(USER, EVM, options));
        direct.zrKeyRes(typedKeyAnswer(USER, 0, WALLET, options));
        vm.assertEq(direct.getZrKey(EVM, USER, 0), WALLET);
    }

    /// @dev An owner that asks again with other options while its answer is on its way must not make its submitter pay.
    function test_typedKey__should_land_although_the_owner_chose_other_options_meanwhile(uint8 first, uint8 then_)
        public
    {
        (first, then_) = (1 + first % 2, 1 + then_ % 2);
        demand(direct, Strictness.TYPED | Strictness.OPTIONS);
        vm.deal(USER, 10 ether);
        vm.startPrank(USER);
        direct.zrKeyReq{value: directFee(first)}(SignTypes.ZrKeyReqParams(USER, EVM, first));
        SignTypes.ZrKeyResParams memory answer = typedKeyAnswer(USER, 0, WALLET, first);
        direct.zrKeyReq{value: directFee(then_)}(SignTypes.ZrKeyReqParams(USER, EVM, then_));
        vm.stopPrank();
        direct.zrKeyRes(answer);
        vm.assertEq(direct.getZrKey(EVM, USER, 0), WALLET);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).options, then_);
    }

    function test_legacyKey__should_not_care_for_options(uint8 options) public {
        vm.assume(options != 0);
        direct.zrKeyReq{value: directFee(options)}(SignTypes.ZrKeyReqParams(USER, EVM, options));
        direct.zrKeyRes(keyAnswer(USER, 0, WALLET));
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).options, options);
    }

    function test_typedKey__should_be_bound_to_the_wallet(bytes32 context) public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        SignTypes.ZrKeyResParams memory answer = typedKeyAnswer(USER, 0, WALLET, 1);
        bytes32 right = keccak256(abi.encode(block.chainid, address(direct), EVM, USER, uint256(0)));
        vm.assume(context != right);
        answer.authSignature = reseal(answer, context);
        expectMismatch(context);
        direct.zrKeyRes(answer);
    }

    /// @dev What the authority would sign for a key with another context.
    function reseal(SignTypes.ZrKeyResParams memory answer, bytes32 context) internal view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "ZrKeyResponse(bytes32 walletTypeId,address owner,uint256 walletIndex,string wallet,uint8 options,bytes32 context)"
                ),
                answer.walletTypeId,
                answer.owner,
                answer.walletIndex,
                keccak256(bytes(answer.wallet)),
                answer.options,
                context
            )
        );
        return signTyped(MPC_KEY, address(direct), structHash, context);
    }

    function test_typedKey__should_not_serve_another_chain_or_contract(uint64 chainId) public {
        vm.assume(chainId != 31337 && chainId != 0);
        SignTypes.ZrKeyResParams memory answer = typedKeyAnswer(USER, 0, WALLET, 1);
        vm.chainId(chainId);
        expectStranger(abi.encodeCall(direct.zrKeyRes, (answer)));
        vm.chainId(31337);
        ZrSign other = ZrSign(payable(deployProxy(address(new ZrSign()))));
        configure(other);
        direct = other;
        expectStranger(abi.encodeCall(direct.zrKeyRes, (answer)));
    }

    function test_typedKey__should_refuse_other_content(uint8 field, bytes32 noise) public {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        SignTypes.ZrKeyResParams memory answer = typedKeyAnswer(USER, 0, WALLET, 1);
        if (field % 4 == 0) answer.owner = address(uint160(USER) ^ uint160(uint256(noise) | 1));
        if (field % 4 == 1) answer.walletIndex = uint256(noise) | 1;
        if (field % 4 == 2) answer.wallet = string(abi.encodePacked(WALLET, noise));
        if (field % 4 == 3) answer.options = uint8(uint256(noise)) | 2;
        expectStranger(abi.encodeCall(direct.zrKeyRes, (answer)));
    }

    function test_typedSignature__should_resolve(bytes calldata payload, bool strict) public {
        registerWallet(USER, 1);
        if (strict) demand(direct, Strictness.TYPED);
        (uint256 traceId, bytes32 context) = requestHash(USER, payload, 0);
        vm.expectEmit(address(direct));
        emit ISign.ZrSigResolve(traceId, "m", "s", false);
        direct.zrSignRes(typedSignAnswer(traceId, USER, false, context));
        vm.assertEq(direct.getRequestState(traceId).status, direct.SIG_REQ_ALREADY_PROCESSED());
    }

    function test_typedSignature__should_be_bound_to_the_owner(address stranger) public {
        vm.assume(stranger != USER);
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", 0);
        SignTypes.SignResParams memory answer = typedSignAnswer(traceId, stranger, false, context);
        expectMismatch(context);
        direct.zrSignRes(answer);
    }

    function test_typedSignature__should_be_bound_to_the_broadcast_flag() public {
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", 0);
        SignTypes.SignResParams memory answer = typedSignAnswer(traceId, USER, true, context);
        expectMismatch(context);
        direct.zrSignRes(answer);
    }

    function test_typedSignature__should_be_bound_to_payload_and_kind(bytes calldata payload, uint8 kind) public {
        registerWallet(USER, 1);
        (uint256 traceId,) = requestHash(USER, "payload", 0);
        vm.assume(keccak256(payload) != keccak256("payload") || kind != 0);
        bytes32 context = direct.requestContext(USER, signParams(0, payload, false), kind);
        SignTypes.SignResParams memory answer = typedSignAnswer(traceId, USER, false, context);
        expectMismatch(context);
        direct.zrSignRes(answer);
    }

    function test_typedSignature__should_not_serve_another_request(bytes32 first, bytes32 second) public {
        vm.assume(first != second);
        registerWallet(USER, 1);
        (uint256 traceId,) = requestHash(USER, abi.encode(first), 0);
        (, bytes32 context) = requestHash(USER, abi.encode(second), 0);
        SignTypes.SignResParams memory answer = typedSignAnswer(traceId, USER, false, context);
        expectMismatch(context);
        direct.zrSignRes(answer);
    }

    function test_typedSignature__should_refuse_other_content(uint8 field, bytes32 noise) public {
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", 0);
        SignTypes.SignResParams memory answer = typedSignAnswer(traceId, USER, false, context);
        if (field % 3 == 0) answer.owner = address(uint160(USER) ^ uint160(uint256(noise) | 1));
        if (field % 3 == 1) answer.metaData = abi.encode(noise);
        if (field % 3 == 2) answer.signature = abi.encode(noise);
        expectStranger(abi.encodeCall(direct.zrSignRes, (answer)));
    }

    function test_legacy__should_be_refused_where_answers_are_typed() public {
        registerWallet(USER, 1);
        (uint256 traceId,) = requestHash(USER, "payload", 0);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        demand(direct, Strictness.TYPED);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidSignature.selector, 2));
        direct.zrSignRes(signAnswer(traceId, USER));
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidSignature.selector, 2));
        direct.zrKeyRes(keyAnswer(USER, 1, WALLET));
    }

    function test_signature__should_have_the_length_of_a_form(uint8 length, bool strict) public {
        vm.assume(length != 65 && length != 97);
        registerWallet(USER, 1);
        (uint256 traceId,) = requestHash(USER, "payload", 0);
        if (strict) demand(direct, Strictness.TYPED);
        SignTypes.SignResParams memory answer = signAnswer(traceId, USER);
        answer.authSignature = new bytes(length);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidSignature.selector, 2));
        direct.zrSignRes(answer);
    }

    function test_typedSignature__should_refuse_a_malformed_one(bytes32 r) public {
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", 0);
        SignTypes.SignResParams memory answer = typedSignAnswer(traceId, USER, false, context);
        answer.authSignature = abi.encodePacked(r, bytes32(type(uint256).max), uint8(27), context);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidSignature.selector, 3));
        direct.zrSignRes(answer);
        answer.authSignature = abi.encodePacked(r, bytes32(uint256(1)), uint8(26), context);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidSignature.selector, 1));
        direct.zrSignRes(answer);
    }

    function test_typedAnswer__should_need_the_role(uint64 key) public {
        vm.assume(key != 0 && key != MPC_KEY);
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, "payload", 0);
        SignTypes.SignResParams memory answer = typedSignAnswer(traceId, USER, false, context);
        bytes32 role = direct.MPC_ROLE();
        direct.revokeRole(role, MPC);
        vm.expectRevert(abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, MPC, role));
        direct.zrSignRes(answer);
        direct.grantRole(role, MPC);
        direct.zrSignRes(answer);
    }
}
