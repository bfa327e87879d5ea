// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignJuly2024} from "../src/interfaces/IZrSignJuly2024.sol";
import {IZrSignOmniV2} from "../src/interfaces/IZrSignOmniV2.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {Fixture} from "./Fixture.sol";

/// @dev The published interface as other people's code names it, and the forms of older callers beside it.
contract PublishedTest is Fixture {
    function test_keyRequest__should_be_one_function_of_the_interface() public {
        vm.assertEq(bytes32(ISign.zrKeyReq.selector), bytes32(bytes4(0x60a48995)));
        bytes memory call = abi.encodeCall(ISign.zrKeyReq, (SignTypes.ZrKeyReqParams(USER, EVM, 1)));
        (bool done,) = address(direct).call{value: directFee(1)}(call);
        vm.assertTrue(done);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).status, 1);
    }

    function test_olderForms__should_request_for_the_caller(bool forDirect, uint8 options) public {
        vm.assume(options != 0);
        address to = forDirect ? address(direct) : address(omni);
        uint256 fee = forDirect ? directFee(options) : MPC_FEE * options;
        vm.deal(USER, 2 * fee);
        vm.startPrank(USER);
        vm.expectEmit(to);
        emit ISign.ZrKeyRequest(EVM, USER, 0, options, fee, MPC_FEE * options);
        IZrSignJuly2024(to).zrKeyReq{value: fee}(SignTypes.ZrKeyReqCallerParams(EVM, options));
        vm.stopPrank();
        vm.assertEq(ISign(to).getWalletRegistry(EVM, 0, USER).options, options);
    }

    /// @dev What a caller of Omni's second version was given for a type alone.
    function test_typeAlone__should_be_monitored_where_the_second_version_is_wanted() public {
        SignTypes.ZrSignParams memory params = signParams(0, "payload", true);
        vm.deal(USER, 10 ether);
        vm.startPrank(USER);
        IZrSignOmniV2(address(omni)).zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqTypeParams(EVM));
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletNotRegisteredForMonitoring.selector, 0));
        omni.zrSignSimpleTx{value: MPC_FEE}(params);
        vm.stopPrank();

        demand(omni, Strictness.OMNI_V2);
        vm.startPrank(USER);
        IZrSignOmniV2(address(omni)).zrKeyReq{value: 2 * MPC_FEE}(SignTypes.ZrKeyReqTypeParams(EVM));
        params.walletIndex = 1;
        omni.zrSignSimpleTx{value: 2 * MPC_FEE}(params);
        vm.stopPrank();
    }

    /// @dev A call in no known form, a short one of a known form, and ether alone are refused whole.
    function test_unknownCalls__should_be_refused(bytes4 selector, uint64 value) public {
        vm.assume(selector != IZrSignJuly2024.zrKeyReq.selector && selector != IZrSignOmniV2.zrKeyReq.selector);
        vm.assume(selector != ISign.getTraceId.selector && selector != ISign.getMPCFee.selector);
        vm.deal(USER, 3 * uint256(value));
        vm.startPrank(USER);
        bytes[5] memory calls = [
            abi.encodePacked(selector),
            abi.encodePacked(selector, EVM),
            abi.encodePacked(IZrSignJuly2024.zrKeyReq.selector, EVM),
            abi.encodePacked(IZrSignOmniV2.zrKeyReq.selector, bytes31(0)),
            bytes("")
        ];
        for (uint256 i = value == 0 ? 1 : 0; i < calls.length; i++) {
            (bool done,) = address(direct).call{value: value}(calls[i]);
            vm.assertFalse(done);
        }
        vm.stopPrank();
        vm.assertEq(USER.balance, 3 * uint256(value));
    }

    /// @dev Options that have more than 8 bits are malformed, as in a function of its own.
    function test_olderForm__should_refuse_options_that_do_not_fit(uint256 options) public {
        vm.assume(options > type(uint8).max);
        bytes memory call = abi.encodePacked(IZrSignJuly2024.zrKeyReq.selector, EVM, options);
        (bool done, bytes memory reason) = address(direct).call{value: directFee(1)}(call);
        vm.assertFalse(done);
        vm.assertEq(reason, "");
    }
}
