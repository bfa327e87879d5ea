// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ZrSignConnect} from "../src/ZrSignConnect.sol";
import {ZrSignConnectConsumer} from "../src/ZrSignConnectConsumer.sol";
import {MessageSigner} from "../src/examples/MessageSigner.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {ConnectFixture} from "./ConnectFixture.sol";

contract Listener is ZrSignConnect, ZrSignConnectConsumer {
    uint256 public answers;
    uint256 public lastTraceId;
    bytes public lastSignature;
    bool public fails;

    constructor(address payable zrSign) ZrSignConnect(zrSign) {}

    function fail(bool fails_) external {
        fails = fails_;
    }

    function deliver(uint8 delivery) external {
        deliverAnswers(EVM_WALLET_TYPE, 0, delivery);
    }

    function hash(bytes32 chain, bytes32 digest) external returns (uint256) {
        return reqSignForHash(EVM_WALLET_TYPE, 0, chain, digest);
    }

    function _onAnswer(uint256 traceId, bytes calldata, bytes calldata signature) internal override {
        require(!fails, "failed");
        answers++;
        lastTraceId = traceId;
        lastSignature = signature;
    }
}

contract ConnectAnswersTest is ConnectFixture {
    uint256 internal constant WALLET_KEY = 0xB0B;

    MessageSigner internal signer;
    Listener internal listener;

    function setUp() public override {
        super.setUp();
        signer = new MessageSigner(payable(address(direct)));
        listener = new Listener(payable(address(direct)));
        vm.deal(address(signer), 10 ether);
        vm.deal(address(listener), 10 ether);
        registerWallet(address(listener), 1);
    }

    function openWallet(uint256 key) internal {
        signer.requestNewEVMWallet(1);
        answerKey(EVM, address(signer), Strings.toChecksumHexString(vm.addr(key)));
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v - 27);
    }

    function valid(bytes32 hash, bytes memory signature) internal view returns (bool) {
        bytes4 answer = signer.isValidSignature(hash, signature);
        vm.assertTrue(answer == bytes4(0x1626ba7e) || answer == bytes4(0xffffffff));
        return answer == bytes4(0x1626ba7e);
    }

    // ERC-1271

    function test_contract_signature__should_be_that_of_a_wallet(bytes32 hash) public {
        openWallet(WALLET_KEY);
        bytes memory signature = signed(WALLET_KEY, signer.toContractHash(hash));
        vm.assertTrue(valid(hash, signature));
        vm.assertFalse(valid(keccak256(abi.encode(hash)), signature));
    }

    function test_contract_signature__should_be_taken_as_the_network_answers_it(bytes32 hash, uint8 v) public {
        openWallet(WALLET_KEY);
        bytes memory signature = signed(WALLET_KEY, signer.toContractHash(hash));
        uint8 right = uint8(signature[64]);
        signature[64] = bytes1(v);
        vm.assertTrue(valid(hash, signature) == (v == right));
    }

    function test_contract_signature__should_name_its_wallet(bytes32 hash, uint8 count) public {
        uint256 wallets = 1 + count % 3;
        for (uint256 i = 0; i < wallets; i++) {
            openWallet(WALLET_KEY + i);
        }
        uint256 last = wallets - 1;
        bytes memory plain = signed(WALLET_KEY + last, signer.toContractHash(hash));
        vm.assertTrue(valid(hash, abi.encodePacked(last, plain)) == (last != 0));
        vm.assertTrue(valid(hash, plain) == (last == 0));
        vm.assertFalse(valid(hash, abi.encodePacked(wallets, plain)));
    }

    function test_contract_signature__should_not_be_one_made_for_anything_else(bytes32 hash) public {
        openWallet(WALLET_KEY);
        vm.assertFalse(valid(hash, signed(WALLET_KEY, hash)));
        MessageSigner other = new MessageSigner(payable(address(direct)));
        vm.assertFalse(valid(hash, signed(WALLET_KEY, other.toContractHash(hash))));
        bytes memory here = signed(WALLET_KEY, signer.toContractHash(hash));
        vm.chainId(1);
        vm.assertFalse(valid(hash, here));
    }

    function test_contract_signature__should_be_of_nobody_else(uint256 key, bytes32 hash) public {
        openWallet(WALLET_KEY);
        key = 1 + key % 1e18;
        vm.assume(key != WALLET_KEY);
        vm.assertFalse(valid(hash, signed(key, signer.toContractHash(hash))));
    }

    function test_contract_signature__should_not_revert_on_any_bytes(bytes32 hash, bytes calldata junk) public {
        vm.assertFalse(valid(hash, junk));
        openWallet(WALLET_KEY);
        vm.assertFalse(valid(hash, junk));
        vm.assertFalse(valid(hash, new bytes(65)));
        vm.assertFalse(valid(hash, new bytes(97)));
    }

    function test_contract_signature__should_be_nobodys_when_a_wallet_is_no_address(bytes32 hash) public {
        signer.requestNewEVMWallet(1);
        answerKey(EVM, address(signer), "not an address");
        vm.assertFalse(valid(hash, signed(WALLET_KEY, signer.toContractHash(hash))));
    }

    function test_contract_signature__should_be_asked_for_as_its_digest(bytes32 hash) public {
        openWallet(WALLET_KEY);
        vm.recordLogs();
        signer.signAsContract(hash, 0, CHAIN);
        bytes memory data = vm.getRecordedLogs()[0].data;
        (,, SignTypes.SigReqParams memory asked) = abi.decode(data, (uint256, uint256, SignTypes.SigReqParams));
        vm.assertEq(asked.payload, abi.encodePacked(signer.toContractHash(hash)));
    }

    // Consumer

    function test_answers__should_reach_the_dapp_when_asked_for(bytes32 digest) public {
        listener.deliver(3);
        uint256 traceId = listener.hash(CHAIN, digest);
        SignTypes.SignResParams memory answer = signAnswer(traceId, address(listener));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        vm.assertEq(listener.answers(), 1);
        vm.assertEq(listener.lastTraceId(), traceId);
        vm.assertEq(listener.lastSignature(), "s");
        vm.assertEq(direct.getAnswer(traceId), "s");
    }

    function test_answers__should_stand_when_the_dapp_fails(bytes32 digest) public {
        listener.deliver(3);
        listener.fail(true);
        uint256 traceId = listener.hash(CHAIN, digest);
        SignTypes.SignResParams memory answer = signAnswer(traceId, address(listener));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        vm.assertEq(listener.answers(), 0);
        vm.assertEq(direct.getAnswer(traceId), "s");
    }

    function test_answers__should_come_from_nobody_else(address liar, uint256 traceId, bytes calldata signature)
        public
    {
        vm.assume(liar != address(direct));
        vm.prank(liar);
        vm.expectRevert(abi.encodeWithSelector(ZrSignConnectConsumer.NotZrSign.selector, liar));
        listener.onZrSignResponse(traceId, "", signature);
    }
}
