// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ISign} from "../src/interfaces/ISign.sol";
import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";
import {IZrSignOmni} from "../src/interfaces/IZrSignOmni.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";
import {Vm} from "./Vm.sol";

/// @dev Does what it is told; when it is paid it tries to enter again, unless it refuses.
contract Prober {
    uint256 internal constant UNTRIED = 1;
    uint256 internal constant REFUSED = 2;
    uint256 internal constant ENTERED = 3;

    uint256 public found = UNTRIED;
    bool public refuses;

    receive() external payable {
        require(!refuses, "no ether");
        (bool done,) = msg.sender.call(abi.encodeCall(IRefunds.claimRefund, (payable(address(0xF00D)))));
        found = done ? ENTERED : REFUSED;
    }

    function set(bool refuses_) external {
        refuses = refuses_;
    }

    function act(address to, uint256 value, bytes calldata data) external payable {
        (bool done,) = to.call{value: value}(data);
        require(done, "failed");
    }
}

/// @dev What every function that pays must hold, each by itself.
contract GuardsTest is Fixture {
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";

    Prober internal prober;

    function setUp() public override {
        super.setUp();
        prober = new Prober();
        vm.deal(address(prober), 100 ether);
        registerWallet(address(prober), 1);
    }

    function act(address to, uint256 value, bytes memory data) internal {
        prober.act(to, value, data);
    }

    function expectRefused() internal view {
        vm.assertEq(prober.found(), 2);
    }

    /// @dev A key of the prober that is open, and a signature request.
    function open() internal returns (bytes32 context) {
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(address(prober), EVM, 1));
        SignTypes.ZrSignParams memory params = signParams(0, "payload", false);
        act(address(direct), directFee(1), abi.encodeCall(ISign.zrSignHash, (params)));
        return direct.requestContext(address(prober), params, 0);
    }

    function test_keyAnswer__should_not_be_entered_again() public {
        open();
        direct.zrKeyRes{gas: RESP_GAS}(keyAnswer(address(prober), 1, WALLET));
        expectRefused();
    }

    function test_signatureAnswer__should_not_be_entered_again() public {
        open();
        direct.zrSignRes{gas: RESP_GAS}(signAnswer(0, address(prober)));
        expectRefused();
    }

    function test_cancellation__should_not_be_entered_again(bool ofKey) public {
        bytes32 context = open();
        vm.warp(block.timestamp + 1 days);
        bytes memory call = ofKey
            ? abi.encodeCall(IRefunds.cancelKeyRequest, (EVM, address(prober), 1))
            : abi.encodeCall(IRefunds.cancelRequest, (0, false, context));
        act(address(direct), 0, call);
        expectRefused();
    }

    function test_claim__should_not_be_entered_again(bool byAnybody) public {
        open();
        prober.set(true);
        direct.zrSignRes{gas: RESP_GAS}(signAnswer(0, address(prober)));
        vm.assertTrue(direct.refundCredit(address(prober)) != 0);
        prober.set(false);
        if (byAnybody) direct.claimRefundFor(payable(address(prober)));
        else act(address(direct), 0, abi.encodeCall(IRefunds.claimRefund, (payable(address(prober)))));
        expectRefused();
    }

    function test_withdrawal__should_not_be_entered_again(uint8 way) public {
        direct.grantRole(direct.FEE_ROLE(), address(prober));
        omni.grantRole(omni.FEE_ROLE(), address(prober));
        omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        if (way % 3 == 0) act(address(direct), 0, abi.encodeCall(IZrSignConfig.withdrawMPCFees, ()));
        else if (way % 3 == 1) act(address(omni), 0, abi.encodeCall(IZrSignConfig.withdrawMPCFees, ()));
        else act(address(omni), 0, abi.encodeCall(IZrSignOmni.withdrawFees, ()));
        expectRefused();
    }

    /// @dev A digest and data of the same bytes are two requests.
    function test_kind__should_be_part_of_what_is_asked(bytes32 payload) public {
        bytes memory content = abi.encodePacked(payload);
        SignTypes.ZrSignParams memory params = signParams(0, content, false);
        act(address(direct), directFee(1), abi.encodeCall(ISign.zrSignHash, (params)));
        bytes32[4] memory contexts;
        for (uint8 kind = 0; kind < 4; kind++) {
            contexts[kind] = direct.requestContext(address(prober), params, kind);
            for (uint8 other = 0; other < kind; other++) {
                vm.assertTrue(contexts[kind] != contexts[other]);
            }
        }
        for (uint8 kind = 1; kind < 4; kind++) {
            SignTypes.SignResParams memory wrong = typedSignAnswer(0, address(prober), false, contexts[kind]);
            vm.expectRevert(abi.encodeWithSelector(ISign.AnswerMismatch.selector, contexts[kind]));
            direct.zrSignRes(wrong);
        }
        direct.zrSignRes(typedSignAnswer(0, address(prober), false, contexts[0]));
    }

    /// @dev Two answers that differ in nothing but the length of their data, padded alike: 16 gas a byte.
    function test_refund__should_pay_for_each_byte(uint8 length) public {
        length = length % 31 + 1;
        registerWallet(USER, 1);
        uint256[3] memory costs;
        uint256[3] memory lengths = [uint256(32), 32, 32 - length];
        for (uint256 i = 0; i < 3; i++) {
            requestHash(USER, "payload", 0);
        }
        direct.updateRespGas(10_000_000);
        for (uint256 i = 0; i < 3; i++) {
            costs[i] = costOf(i, new bytes(lengths[i]));
        }
        vm.assertEq(costs[1] - costs[2], 16 * uint256(length) * BASE_FEE);
    }

    function costOf(uint256 traceId, bytes memory metaData) internal returns (uint256 cost) {
        bytes memory payload = abi.encode(CHAIN, traceId, USER, metaData, bytes("s"), false);
        SignTypes.SignResParams memory answer =
            SignTypes.SignResParams(traceId, USER, metaData, "s", false, signAuthority(MPC_KEY, payload));
        vm.recordLogs();
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        (cost,) = abi.decode(logs[logs.length - 1].data, (uint256, uint256));
    }
}
