// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";
import {Vm} from "./Vm.sol";

/// @dev Anybody submits an answer, in any bytes. Either the answer that the authority signed lands, whole, or nothing
/// happens; and no encoding of it pays its submitter more.
contract HostileCalldataTest is Fixture {
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";
    uint8 internal constant PLANNED = 127;

    /// @dev A signature request of USER, or a key request; gives the call data of its answer.
    function signCall(bool typed) internal returns (bytes memory) {
        registerWallet(USER, 1);
        (uint256 traceId, bytes32 context) = requestHash(USER, abi.encode("payload"), 1 ether);
        if (typed) demand(direct, PLANNED);
        return abi.encodeCall(
            direct.zrSignRes, (typed ? typedSignAnswer(traceId, USER, false, context) : signAnswer(traceId, USER))
        );
    }

    function keyCall(bool typed) internal returns (bytes memory) {
        direct.zrKeyReq{value: directFee(1) + 1 ether}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        if (typed) demand(direct, PLANNED);
        return
            abi.encodeCall(direct.zrKeyRes, (typed ? typedKeyAnswer(USER, 0, WALLET, 1) : keyAnswer(USER, 0, WALLET)));
    }

    /// @dev Submits; gives whether it landed, and what it paid.
    function submit(bytes memory call) internal returns (bool done, uint256 paid) {
        uint256 before = RELAYER.balance;
        vm.prank(RELAYER);
        (done,) = address(direct).call{gas: RESP_GAS}(call);
        paid = RELAYER.balance - before;
    }

    /// @dev The one event of that topic has these data.
    function expectData(bytes32 topic, bytes memory data) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 found;
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].topics[0] != topic) continue;
            found++;
            vm.assertEq(logs[i].data, data);
        }
        vm.assertEq(found, 1);
    }

    function withWord(bytes memory data, uint16 place, bytes32 word) internal pure returns (bytes memory) {
        uint256 at = 4 + uint256(place) % (data.length - 35);
        assembly ("memory-safe") {
            mstore(add(add(data, 32), at), word)
        }
        return data;
    }

    function cut(bytes memory data, uint256 length) internal pure returns (bytes memory) {
        assembly ("memory-safe") {
            mstore(data, length)
        }
        return data;
    }

    function test_signAnswer__should_land_whole_or_not_at_all(uint16 place, bytes32 word, bool small, bool typed)
        public
    {
        bytes memory call = signCall(typed);
        // Small words are offsets and lengths that a decoder may believe.
        call = withWord(call, small ? place / 32 * 32 : place, small ? bytes32(uint256(word) % 1024) : word);
        vm.recordLogs();
        (bool done,) = submit(call);
        vm.assertEq(direct.getRequestState(0).status, done ? 2 : 1);
        if (done) expectData(ISign.ZrSigResolve.selector, abi.encode(bytes("m"), bytes("s"), false));
    }

    function test_keyAnswer__should_land_whole_or_not_at_all(uint16 place, bytes32 word, bool small, bool typed)
        public
    {
        bytes memory call = keyCall(typed);
        call = withWord(call, small ? place / 32 * 32 : place, small ? bytes32(uint256(word) % 1024) : word);
        vm.recordLogs();
        (bool done,) = submit(call);
        string[] memory keys = direct.getZrKeys(EVM, USER);
        vm.assertEq(keys.length, done ? 1 : 0);
        if (!done) return;
        vm.assertEq(keys[0], WALLET);
        expectData(ISign.ZrKeyResolve.selector, abi.encode(WALLET));
    }

    function test_truncatedAnswer__should_not_land(uint16 length, bool key, bool typed) public {
        bytes memory call = key ? keyCall(typed) : signCall(typed);
        // The last 31 bytes only fill the last word.
        (bool done, uint256 paid) = submit(cut(call, length % (call.length - 31)));
        vm.assertFalse(done);
        vm.assertEq(paid, 0);
    }

    function test_appendedBytes__should_not_be_paid_for(uint16 length, bool key) public {
        bytes memory call = key ? keyCall(true) : signCall(true);
        bytes32 before = digest();
        (bool plain, uint256 paid) = probe(call);
        vm.assertTrue(plain);
        vm.assertEq(digest(), before);
        (bool done, uint256 padded) = submit(abi.encodePacked(call, new bytes(length % 8192)));
        vm.assertTrue(done);
        // What the proxy and the loop around it copy is all that differs.
        vm.assertTrue(padded <= paid + 4_000 * ((BASE_FEE * BUFFER) / 100));
    }

    /// @dev What a call would do, undone.
    function probe(bytes memory call) internal returns (bool done, uint256 paid) {
        try this.undone(call) {}
        catch (bytes memory result) {
            (done, paid) = abi.decode(result, (bool, uint256));
        }
    }

    function undone(bytes memory call) external {
        (bool done, uint256 paid) = submit(call);
        bytes memory result = abi.encode(done, paid);
        assembly ("memory-safe") {
            revert(add(result, 32), mload(result))
        }
    }

    function digest() internal view returns (bytes32) {
        return keccak256(abi.encode(direct.getZrKeys(EVM, USER), direct.getRequest(0), address(direct).balance));
    }

    /// @dev An answer in an encoding that overlaps: both texts are the same bytes.
    function test_overlappingAnswer__should_be_the_answer_that_was_signed() public {
        registerWallet(USER, 1);
        (uint256 traceId,) = requestHash(USER, "payload", 0);
        bytes memory payload = abi.encode(CHAIN, traceId, USER, bytes("same"), bytes("same"), false);
        bytes memory signature = signAuthority(MPC_KEY, payload);
        // Head of six words, then one text that two offsets point to, then the authority's signature.
        bytes memory call = abi.encodePacked(
            direct.zrSignRes.selector,
            abi.encode(uint256(32), traceId, USER, uint256(192), uint256(192), false, uint256(256)),
            abi.encode(uint256(4), bytes32("same")),
            abi.encode(uint256(65)),
            signature
        );
        vm.recordLogs();
        (bool done,) = submit(call);
        vm.assertTrue(done);
        expectData(ISign.ZrSigResolve.selector, abi.encode(bytes("same"), bytes("same"), false));
    }
}
