// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Fixture} from "./Fixture.sol";

/// @dev Storage is part of an upgrade: the next implementation must find what the last one left.
contract StorageTest is Fixture {
    uint256 internal constant CORE = 0x48ebde936d398c84eeb05a4a224a8389020d9a136a0bf0fb567d809492b2d200;

    function valueAt(uint256 place) internal view returns (uint256) {
        return uint256(vm.load(address(direct), bytes32(place)));
    }

    function mapped(bytes32 key, uint256 place) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(key, place)));
    }

    function namespaceSlot(string memory name) internal pure returns (bytes32) {
        return keccak256(abi.encode(uint256(keccak256(bytes(name))) - 1)) & ~bytes32(uint256(0xff));
    }

    function test_terms__should_lie_in_one_slot() public {
        registerWallet(USER, 2);
        vm.prank(USER);
        direct.zrSignHash{value: directFee(2)}(signParams(0, "payload", false));
        direct.pause();
        demand(direct, 5);
        vm.assertEq(bytes32(CORE), namespaceSlot("zrsign.storage.core"));
        uint256 terms = 1 | 5 << 8 | RESP_GAS << 16 | BUFFER << 40 | 1 << 56 | MPC_FEE << 96;
        vm.assertEq(valueAt(CORE), terms | direct.getColletedFees() << 168);
    }

    function test_mappings__should_lie_at_their_offsets() public {
        registerWallet(USER, 2);
        vm.prank(USER);
        direct.zrSignHash{value: directFee(2)}(signParams(0, "payload", false));
        bytes32 workspace = keccak256(abi.encode(block.chainid, address(direct), EVM, USER));
        bytes32 wallet = keccak256(abi.encode(block.chainid, address(direct), EVM, USER, uint256(0)));
        vm.assertEq(valueAt(mapped(EVM, CORE + 2)), 44);
        vm.assertEq(valueAt(mapped(EVM, CORE + 2) + 1), 60);
        vm.assertEq(valueAt(mapped(CHAIN, mapped(EVM, CORE + 3))), 1);
        vm.assertEq(valueAt(mapped(workspace, CORE + 4)), 1);
        uint256 state = valueAt(mapped(wallet, CORE + 5));
        vm.assertEq(state & 0xffffff, 0x0202);
        vm.assertEq(uint80(state >> 24), netResp());
        vm.assertEq(uint32(state >> 104), block.timestamp);
        vm.assertEq(uint16(state >> 136), 42);
        vm.assertEq(bytes32(bytes12(uint96(state >> 152))), bytes32("0x0000000000"));
        uint256 rest = mapped(bytes32(0), mapped(wallet, CORE + 5) + 1);
        vm.assertEq(bytes32(valueAt(rest)), bytes32("00000000000000000000000000dEaD"));
        bytes32 context = keccak256(abi.encode(wallet, CHAIN, keccak256("payload"), uint8(0)));
        bytes32 commitment = keccak256(abi.encode(USER, false, context));
        uint256 request = 1 | netResp() << 16 | block.timestamp << 96 | uint256(commitment) >> 128 << 128;
        vm.assertEq(valueAt(mapped(bytes32(0), CORE + 6)), request);
    }

    function test_openzeppelin__should_use_its_namespaces() public view {
        bytes32 roles = namespaceSlot("openzeppelin.storage.AccessControl");
        uint256 admins = mapped(bytes32(0), uint256(roles));
        vm.assertEq(valueAt(mapped(bytes32(uint256(uint160(address(this)))), admins)), 1);
        vm.assertEq(valueAt(uint256(namespaceSlot("openzeppelin.storage.Initializable"))), 1);
    }
}
