// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ZrSignBase} from "../src/ZrSignBase.sol";
import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";
import {Vm} from "./Vm.sol";

/// @dev Which error wins. Each ladder begins with every fault at once and mends one a rung: the error must be that of
/// the first fault left. Contracts are bare, as the older ones are.
contract CompatibilityTest is Fixture {
    bytes32 internal constant NO_TYPE = keccak256("no type");
    bytes32 internal constant NO_CHAIN = keccak256("no chain");
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";

    bytes4[4] internal signing;

    function setUp() public override {
        super.setUp();
        signing = [
            direct.zrSignHash.selector,
            direct.zrSignTx.selector,
            direct.zrSignSimpleTx.selector,
            direct.zrSignData.selector
        ];
    }

    /// @dev The call must fail with exactly this.
    function expectFailure(address to, uint256 value, bytes memory call, bytes memory reason) internal {
        vm.deal(USER, value);
        vm.prank(USER);
        (bool done, bytes memory seen) = to.call{value: value}(call);
        vm.assertFalse(done);
        vm.assertEq(seen, reason);
    }

    function expectSuccess(address to, uint256 value, bytes memory call) internal {
        vm.deal(USER, value);
        vm.prank(USER);
        (bool done,) = to.call{value: value}(call);
        vm.assertTrue(done);
    }

    function keyCall(uint8 form, address owner, bytes32 typeId, uint8 options) internal pure returns (bytes memory) {
        if (form == 0) return abi.encodeWithSelector(0x60a48995, SignTypes.ZrKeyReqParams(owner, typeId, options));
        return abi.encodeWithSelector(0x5c706c9b, SignTypes.ZrKeyReqCallerParams(typeId, options));
    }

    function keyLadder(ZrSignBase sign, uint8 form, address owner, uint8 options, uint256 fee) internal {
        address to = address(sign);
        sign.pause();
        expectFailure(
            to,
            0,
            keyCall(form, owner, NO_TYPE, 0),
            abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, NO_TYPE)
        );
        expectFailure(to, 0, keyCall(form, owner, EVM, 0), abi.encodeWithSelector(IZrSignConfig.EnforcedPause.selector));
        sign.unpause();
        expectFailure(to, 0, keyCall(form, owner, EVM, 0), abi.encodeWithSelector(ISign.InvalidOptions.selector, 0));
        expectFailure(
            to,
            fee - 1,
            keyCall(form, owner, EVM, options),
            abi.encodeWithSelector(ISign.InsufficientFee.selector, fee, fee - 1)
        );
        expectSuccess(to, fee, keyCall(form, owner, EVM, options));
    }

    function test_keyRequest__should_fail_in_order(uint8 form, address owner, uint8 options) public {
        vm.assume(options != 0);
        keyLadder(direct, form % 2, owner, options, directFee(options));
        keyLadder(omni, form % 2, owner, options, MPC_FEE * options);
    }

    function test_keyRequestOfTypeAlone__should_have_options_1(uint64 surplus) public {
        bytes memory call = abi.encodeWithSelector(0x331eba82, SignTypes.ZrKeyReqTypeParams(EVM));
        uint256 fee = directFee(1);
        expectFailure(
            address(direct), fee - 1, call, abi.encodeWithSelector(ISign.InsufficientFee.selector, fee, fee - 1)
        );
        expectSuccess(address(direct), fee + surplus, call);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).options, 1);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).value, netResp() + surplus);
    }

    /// @dev What every kind of signature request refuses before it looks at the pause.
    function configLadder(address to, bytes4 kind, SignTypes.ZrSignParams memory params) internal {
        params.walletTypeId = NO_TYPE;
        params.dstChainId = NO_CHAIN;
        expectFailure(
            to,
            0,
            abi.encodeWithSelector(kind, params),
            abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, NO_TYPE)
        );
        params.walletTypeId = EVM;
        expectFailure(
            to,
            0,
            abi.encodeWithSelector(kind, params),
            abi.encodeWithSelector(ISign.ChainIdNotSupported.selector, EVM, NO_CHAIN)
        );
        params.dstChainId = CHAIN;
        if (kind == signing[0] || kind == signing[3]) {
            expectFailure(
                to, 0, abi.encodeWithSelector(kind, params), abi.encodeWithSelector(ISign.BroadcastNotAllowed.selector)
            );
            params.broadcast = false;
        }
    }

    function test_directSignature__should_fail_in_order(uint8 which, bytes calldata payload) public {
        bytes4 kind = signing[which % 4];
        SignTypes.ZrSignParams memory params = signParams(0, payload, true);
        direct.pause();
        configLadder(address(direct), kind, params);
        bytes memory call = abi.encodeWithSelector(kind, params);
        bytes memory unmonitored = abi.encodeWithSelector(ISign.WalletNotRegisteredForMonitoring.selector, uint256(0));
        bytes memory paused = abi.encodeWithSelector(IZrSignConfig.EnforcedPause.selector);
        bytes memory unknown = abi.encodeWithSelector(ISign.InvalidOptions.selector, 0);
        bool simple = kind == signing[2];
        expectFailure(address(direct), 0, call, simple ? unmonitored : paused);
        direct.unpause();
        expectFailure(address(direct), 0, call, simple ? unmonitored : unknown);

        uint256 fee = directFee(2);
        direct.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        expectFailure(
            address(direct), fee - 1, call, abi.encodeWithSelector(ISign.InsufficientFee.selector, fee, fee - 1)
        );
        expectFailure(address(direct), fee, call, abi.encodeWithSelector(ISign.InvalidWalletIndex.selector, uint256(0)));
        direct.zrKeyRes(keyAnswer(USER, 0, WALLET));
        vm.assertEq(direct.getTraceId(), 0);
        expectSuccess(address(direct), fee, call);
        vm.assertEq(direct.getTraceId(), 1);
    }

    function test_omniSignature__should_fail_in_order(uint8 which, bytes calldata payload) public {
        bytes4 kind = signing[which % 4];
        SignTypes.ZrSignParams memory params = signParams(0, payload, true);
        omni.pause();
        configLadder(address(omni), kind, params);
        bytes memory call = abi.encodeWithSelector(kind, params);
        bytes memory unmonitored = abi.encodeWithSelector(ISign.WalletNotRegisteredForMonitoring.selector, uint256(0));
        bool simple = kind == signing[2];
        bytes memory paused = abi.encodeWithSelector(IZrSignConfig.EnforcedPause.selector);
        bytes memory unknown = abi.encodeWithSelector(ISign.InvalidWalletIndex.selector, uint256(0));
        expectFailure(address(omni), 0, call, simple ? unmonitored : paused);
        omni.unpause();
        expectFailure(address(omni), 0, call, simple ? unmonitored : unknown);
        uint256 fee = 2 * MPC_FEE;
        omni.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(USER, EVM, 2));
        expectFailure(
            address(omni), fee - 1, call, abi.encodeWithSelector(ISign.InsufficientFee.selector, fee, fee - 1)
        );
        expectSuccess(address(omni), fee, call);
    }

    function test_keyAnswer__should_fail_in_order(uint64 stranger, uint8 short) public {
        vm.assume(stranger != 0 && stranger != MPC_KEY);
        SignTypes.ZrKeyResParams memory answer =
            SignTypes.ZrKeyResParams(NO_TYPE, address(0), 1, string(new bytes(short % 5)), 0, "");
        direct.pause();
        expectKeyFailure(answer, abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, NO_TYPE));
        answer.walletTypeId = EVM;
        expectKeyFailure(answer, abi.encodeWithSelector(ISign.OwnableInvalidOwner.selector, address(0)));
        answer.owner = USER;
        expectKeyFailure(answer, abi.encodeWithSelector(IZrSignConfig.EnforcedPause.selector));
        direct.unpause();
        expectKeyFailure(answer, abi.encodeWithSelector(ISign.InvalidSignature.selector, 2));
        answer.authSignature = signKey(stranger, answer);
        expectKeyFailure(
            answer,
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, vm.addr(stranger), direct.MPC_ROLE()
            )
        );
        answer.authSignature = signKey(MPC_KEY, answer);
        expectKeyFailure(answer, abi.encodeWithSelector(ISign.InvalidAddressLength.selector, 5, uint256(short % 5)));
        answer.wallet = WALLET;
        answer.authSignature = signKey(MPC_KEY, answer);
        expectKeyFailure(answer, abi.encodeWithSelector(ISign.IncorrectWalletIndex.selector, 0, 1));
        answer.walletIndex = 0;
        answer.authSignature = signKey(MPC_KEY, answer);
        expectKeyFailure(answer, abi.encodeWithSelector(ISign.WalletNotRequested.selector, WALLET));
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        expectSuccess(address(direct), 0, abi.encodeCall(direct.zrKeyRes, (answer)));
    }

    function expectKeyFailure(SignTypes.ZrKeyResParams memory answer, bytes memory reason) internal {
        expectFailure(address(direct), 0, abi.encodeCall(direct.zrKeyRes, (answer)), reason);
    }

    function signKey(uint256 key, SignTypes.ZrKeyResParams memory answer) internal pure returns (bytes memory) {
        return signAuthority(
            key, abi.encode(CHAIN, answer.walletTypeId, answer.owner, answer.walletIndex, answer.wallet, answer.options)
        );
    }

    function test_signatureAnswer__should_fail_in_order(uint64 stranger, uint16 traceId) public {
        vm.assume(stranger != 0 && stranger != MPC_KEY && traceId != 0);
        registerWallet(USER, 1);
        requestHash(USER, "payload", 0);
        SignTypes.SignResParams memory answer = SignTypes.SignResParams(traceId, USER, "m", "s", false, "");
        direct.pause();
        expectSignFailure(answer, abi.encodeWithSelector(IZrSignConfig.EnforcedPause.selector));
        direct.unpause();
        expectSignFailure(
            answer, abi.encodeWithSelector(IRefunds.RequestNotFoundOrAlreadyProcessed.selector, uint256(traceId))
        );
        answer.traceId = 0;
        expectSignFailure(answer, abi.encodeWithSelector(ISign.InvalidSignature.selector, 2));
        bytes memory payload = abi.encode(CHAIN, uint256(0), USER, bytes("m"), bytes("s"), false);
        answer.authSignature = signAuthority(stranger, payload);
        expectSignFailure(
            answer,
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, vm.addr(stranger), direct.MPC_ROLE()
            )
        );
        answer.authSignature = signAuthority(MPC_KEY, payload);
        expectSuccess(address(direct), 0, abi.encodeCall(direct.zrSignRes, (answer)));
    }

    function expectSignFailure(SignTypes.SignResParams memory answer, bytes memory reason) internal {
        expectFailure(address(direct), 0, abi.encodeCall(direct.zrSignRes, (answer)), reason);
    }

    /// @dev The older contract pays the owner and compares nothing: a bare deployment does the same.
    function test_bareSignatureAnswer__should_name_any_owner_and_flag(bool broadcast, bytes calldata signature) public {
        registerWallet(USER, 1);
        requestHash(USER, "payload", 1 ether);
        address other = address(0x0123456789);
        bytes memory payload = abi.encode(CHAIN, uint256(0), other, bytes(""), signature, broadcast);
        SignTypes.SignResParams memory answer =
            SignTypes.SignResParams(0, other, "", signature, broadcast, signAuthority(MPC_KEY, payload));
        vm.expectEmit(address(direct));
        emit ISign.ZrSigResolve(0, "", signature, broadcast);
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        vm.assertTrue(other.balance >= 1 ether);
    }

    /// @dev The older contracts left a request's value as well, which was paid out already.
    function test_registeredWallet__should_keep_the_value_that_it_held(uint64 surplus) public {
        registerWallet(USER, 1);
        requestHash(USER, "payload", surplus);
        vm.assertEq(direct.getRequestState(0).value, netResp() + surplus);
        direct.zrSignRes(signAnswer(0, USER));
        vm.assertEq(direct.getRequestState(0).value, 0);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).value, netResp());
    }

    /// @dev gasUsed = (respGas - gasleft()) + 2 * 7210 at tx.gasprice: never less than the transfers, never more than all.
    function test_cost__should_follow_the_gas_limit(uint24 spare, uint40 price) public {
        registerWallet(USER, 1);
        requestHash(USER, "payload", 100 ether);
        SignTypes.SignResParams memory answer = signAnswer(0, USER);
        uint256 limit = 120_000 + uint256(spare) % (2 * RESP_GAS);
        uint256 before = RELAYER.balance;
        vm.txGasPrice(price);
        vm.prank(RELAYER);
        direct.zrSignRes{gas: limit}(answer);
        uint256 paid = RELAYER.balance - before;
        vm.assertTrue(paid >= 2 * 7210 * uint256(price));
        vm.assertTrue(paid <= (RESP_GAS + 2 * 7210) * uint256(price));
        if (limit > RESP_GAS + 100_000) vm.assertEq(paid, 2 * 7210 * uint256(price));
    }

    /// @dev What was answered, then what was paid, and nothing else where the owner chose nothing.
    function test_answers__should_emit_in_the_older_order() public {
        vm.prank(USER);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.recordLogs();
        direct.zrKeyRes(keyAnswer(USER, 0, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"));
        expectOrder(ISign.ZrKeyResolve.selector);
        requestHash(USER, "digest", 0);
        vm.recordLogs();
        direct.zrSignRes(signAnswer(0, USER));
        expectOrder(ISign.ZrSigResolve.selector);
    }

    function expectOrder(bytes32 resolved) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 2);
        vm.assertEq(logs[0].topics[0], resolved);
        vm.assertEq(logs[1].topics[0], ISign.ZrSigGasRefund.selector);
    }
}
