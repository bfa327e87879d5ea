// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSign} from "../src/ZrSign.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignConsumer} from "../src/interfaces/IZrSignConsumer.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {Fixture} from "./Fixture.sol";

/// @dev An owner that is told of its answers, in every manner.
contract Consumer is IZrSignConsumer {
    enum Manner {
        Records,
        Rejects,
        BurnsGas,
        Reenters,
        ReturnsMuch,
        Light
    }

    ZrSign private immutable SIGN;
    Manner private immutable MANNER;

    uint256 public traceId = type(uint256).max;
    bytes public metaData;
    bytes public signature;
    uint256 public gasOfCall;
    bytes private reentry;

    constructor(ZrSign sign, Manner manner) {
        SIGN = sign;
        MANNER = manner;
    }

    receive() external payable {}

    function arm(bytes calldata call) external {
        reentry = call;
    }

    function onZrSignResponse(uint256 traceId_, bytes calldata metaData_, bytes calldata signature_) external {
        gasOfCall = gasleft();
        require(MANNER != Manner.Rejects, "no answer");
        uint256 i;
        while (MANNER == Manner.BurnsGas) i++;
        if (MANNER == Manner.Light) return;
        if (MANNER == Manner.ReturnsMuch) {
            assembly {
                return(0, 60000)
            }
        }
        if (MANNER == Manner.Reenters) {
            (bool done,) = address(SIGN).call(reentry);
            require(done, "refused");
        }
        traceId = traceId_;
        metaData = metaData_;
        signature = signature_;
    }
}

contract DeliveryTest is Fixture {
    uint256 internal constant GAS = 2_000_000;

    function consumer(Consumer.Manner manner, uint8 delivery) internal returns (Consumer owner, uint256 traceId) {
        owner = new Consumer(direct, manner);
        registerWallet(address(owner), 1);
        vm.prank(address(owner));
        direct.setAnswerDelivery(EVM, 0, delivery);
        (traceId,) = requestHash(address(owner), "payload", 0);
    }

    function answer(uint256 traceId, address owner, uint256 gas) internal {
        SignTypes.SignResParams memory params = signAnswer(traceId, owner);
        vm.prank(RELAYER);
        direct.zrSignRes{gas: gas}(params);
    }

    function test_delivery__should_be_chosen_by_the_owner(uint8 delivery) public {
        registerWallet(USER, 1);
        vm.startPrank(USER);
        if (delivery > 3) {
            vm.expectRevert(abi.encodeWithSelector(ISign.InvalidOptions.selector, delivery));
            direct.setAnswerDelivery(EVM, 0, delivery);
        } else {
            vm.expectEmit(address(direct));
            emit ISign.AnswerDeliveryUpdate(EVM, USER, 0, delivery);
            direct.setAnswerDelivery(EVM, 0, delivery);
            vm.stopPrank();
            (uint256 traceId,) = requestHash(USER, "payload", 0);
            vm.assertEq(direct.getRequest(traceId).delivery, delivery);
        }
    }

    function test_delivery__should_need_a_wallet(address stranger, uint256 index) public {
        vm.assume(stranger != PROXY_ADMIN);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidWalletIndex.selector, index));
        vm.prank(stranger);
        direct.setAnswerDelivery(EVM, index, 1);
    }

    function test_delivery__should_change_nothing_of_the_wallet(uint8 delivery) public {
        registerWallet(USER, 2);
        vm.prank(USER);
        direct.setAnswerDelivery(EVM, 0, delivery % 4);
        SignTypes.WalletRegistry memory wallet = direct.getWalletRegistry(EVM, 0, USER);
        vm.assertEq(wallet.status, 2);
        vm.assertEq(wallet.options, 2);
        vm.assertEq(direct.getZrKey(EVM, USER, 0), "0x000000000000000000000000000000000000dEaD");
    }

    function test_store__should_keep_the_signature(bytes calldata signature) public {
        storeAndRead(signature);
    }

    function signed(uint256 traceId, address owner, bytes memory signature)
        internal
        pure
        returns (SignTypes.SignResParams memory)
    {
        bytes memory payload = abi.encode(CHAIN, traceId, owner, bytes("m"), signature, false);
        return SignTypes.SignResParams(traceId, owner, "m", signature, false, signAuthority(MPC_KEY, payload));
    }

    function storeAndRead(bytes memory signature) internal {
        (Consumer owner, uint256 traceId) = consumer(Consumer.Manner.Records, 1);
        SignTypes.SignResParams memory params = signed(traceId, address(owner), signature);
        vm.assertEq(direct.getAnswer(traceId).length, 0);
        direct.zrSignRes(params);
        vm.assertEq(direct.getAnswer(traceId), signature);
        vm.assertEq(owner.traceId(), type(uint256).max);
    }

    /// @dev EIP-2098: two words where a signature has 65 bytes and v is 0 or 1, and the bytes as they came in any case.
    function test_store__should_keep_any_65_bytes(bytes32 r, bytes32 s, uint8 v, bool usual) public {
        if (usual) (s, v) = (s >> 1, v & 1);
        storeAndRead(abi.encodePacked(r, s, v));
        storeAndRead(abi.encodePacked(bytes32(0), s, v));
    }

    function test_store__should_write_two_words() public {
        bytes memory signature = abi.encodePacked(keccak256("r"), keccak256("s") >> 1, uint8(1));
        (Consumer owner, uint256 traceId) = consumer(Consumer.Manner.Records, 1);
        SignTypes.SignResParams memory params = signed(traceId, address(owner), signature);
        uint256 stored = gasleft();
        direct.zrSignRes(params);
        stored -= gasleft();
        (owner, traceId) = consumer(Consumer.Manner.Records, 0);
        params = signed(traceId, address(owner), signature);
        uint256 plain = gasleft();
        direct.zrSignRes(params);
        plain -= gasleft();
        vm.assertTrue(stored - plain < 46_000, "more than is quoted");
    }

    /// @dev What is held for an answer counts what its wallet wants done with it; the other form of the quote is less.
    function test_fee__should_pay_for_delivery(uint8 delivery) public {
        delivery = delivery % 4;
        registerWallet(USER, 1);
        vm.prank(USER);
        direct.setAnswerDelivery(EVM, 0, delivery);
        uint256 gas = RESP_GAS + (delivery & 1 == 0 ? 0 : 46_000) + (delivery & 2 == 0 ? 0 : 108_000);
        (uint256 mpc, uint256 held, uint256 total) = direct.estimateFee(EVM, USER, 0, 0);
        vm.assertEq(held, gas * (BASE_FEE * BUFFER / 100));
        vm.assertEq(total, mpc + held);
        (uint256 traceId,) = requestHash(USER, "payload", 0);
        vm.assertEq(direct.getRequestState(traceId).value, held);
        vm.deal(USER, total);
        vm.prank(USER);
        vm.expectRevert(abi.encodeWithSelector(ISign.InsufficientFee.selector, total, total - 1));
        direct.zrSignHash{value: total - 1}(signParams(0, "payload", false));
    }

    /// @dev Store and call back, with refunds as the deployment plan has them: the submitter is made whole.
    function test_submitter__should_be_made_whole_for_every_delivery(uint8 delivery, uint8 manner) public {
        demand(direct, Strictness.REFUND);
        (Consumer owner, uint256 traceId) = consumer(Consumer.Manner(manner % 6), delivery % 4);
        bytes memory signature = abi.encodePacked(keccak256("r"), keccak256("s") >> 1, uint8(1));
        SignTypes.SignResParams memory params = signed(traceId, address(owner), signature);
        vm.deal(RELAYER, 1);
        vm.prank(RELAYER);
        uint256 spent = gasleft();
        direct.zrSignRes(params);
        spent -= gasleft();
        // The key of the wallet was answered in this transaction, so that its cost was paid.
        vm.assertTrue(RELAYER.balance - 1 >= spent * BASE_FEE, "short");
        vm.assertTrue(RELAYER.balance - 1 <= (spent + 30_000) * BASE_FEE, "too much");
    }

    function test_answer__should_not_be_stored_unasked() public {
        (Consumer owner, uint256 traceId) = consumer(Consumer.Manner.Records, 0);
        answer(traceId, address(owner), GAS);
        vm.assertEq(direct.getAnswer(traceId).length, 0);
        vm.assertEq(owner.traceId(), type(uint256).max);
    }

    function test_callback__should_tell_the_owner() public {
        (Consumer owner, uint256 traceId) = consumer(Consumer.Manner.Light, 3);
        vm.expectEmit(address(direct));
        emit ISign.ZrSignCallback(traceId, address(owner), true);
        answer(traceId, address(owner), GAS);
        vm.assertEq(direct.getAnswer(traceId), bytes("s"));
    }

    function test_callback__should_have_its_gas_and_no_more(uint24 extra) public {
        (Consumer owner, uint256 traceId) = consumer(Consumer.Manner.Light, 2);
        answer(traceId, address(owner), 300_000 + uint256(extra));
        vm.assertTrue(owner.gasOfCall() > 97_000 && owner.gasOfCall() <= 100_000);
    }

    function test_failingCallback__should_not_stop_the_answer(uint8 manner) public {
        Consumer.Manner chosen = Consumer.Manner(1 + manner % 4);
        (Consumer owner, uint256 traceId) = consumer(chosen, 2);
        owner.arm(abi.encodeCall(direct.zrSignRes, (signAnswer(traceId, address(owner)))));
        uint256 before = address(owner).balance;
        answer(traceId, address(owner), GAS);
        vm.assertEq(direct.getRequestState(traceId).status, 2);
        vm.assertEq(owner.traceId(), type(uint256).max);
        vm.assertTrue(address(owner).balance > before);
        vm.assertEq(address(direct).balance, direct.getColletedFees());
    }

    function test_submitter__should_not_starve_the_callback(uint24 gas) public {
        (Consumer owner, uint256 traceId) = consumer(Consumer.Manner.Light, 2);
        SignTypes.SignResParams memory params = signAnswer(traceId, address(owner));
        vm.prank(RELAYER);
        try direct.zrSignRes{gas: 60_000 + uint256(gas) % 400_000}(params) {
            vm.assertTrue(owner.gasOfCall() > 97_000);
            vm.assertEq(direct.getRequestState(traceId).status, 2);
        } catch {
            vm.assertEq(owner.gasOfCall(), 0);
            vm.assertEq(direct.getRequestState(traceId).status, 1);
        }
    }

    function test_starvedCallback__should_say_what_it_needs() public {
        (Consumer owner, uint256 traceId) = consumer(Consumer.Manner.Records, 2);
        SignTypes.SignResParams memory params = signAnswer(traceId, address(owner));
        (bool landed, bytes memory reason) =
            address(direct).call{gas: 120_000}(abi.encodeCall(direct.zrSignRes, (params)));
        vm.assertFalse(landed);
        vm.assertEq(bytes32(bytes4(reason)), bytes32(ISign.InsufficientGas.selector));
    }
}
