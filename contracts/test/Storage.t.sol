// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

/// @dev Storage is part of the interface: an upgrade must find what it left.
contract StorageTest is Fixture {
    uint256 internal constant SIGN = 0xa30be26d48c79c53518f37fd0be48e3bd1b55edc6a24c0bc6a2effeee4c2c800;

    function slot(uint256 offset) internal view returns (uint256) {
        return uint256(vm.load(address(direct), bytes32(SIGN + offset)));
    }

    function mapped(bytes32 key, uint256 place) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(key, place)));
    }

    function valueAt(uint256 place) internal view returns (uint256) {
        return uint256(vm.load(address(direct), bytes32(place)));
    }

    function namespaceSlot(string memory name) internal pure returns (bytes32) {
        return keccak256(abi.encode(uint256(keccak256(bytes(name))) - 1)) & ~bytes32(uint256(0xff));
    }

    function test_values__should_lie_at_their_offsets() public {
        registerWallet(USER, 2);
        vm.prank(USER);
        direct.zrSignHash{value: directFee(2)}(signParams(0, "payload", false));
        vm.assertEq(bytes32(SIGN), namespaceSlot("zrsign.storage.sign"));
        vm.assertEq(slot(0), MPC_FEE);
        vm.assertEq(slot(1), direct.getColletedFees());
        vm.assertEq(slot(2), RESP_GAS);
        vm.assertEq(slot(3), BUFFER);
        vm.assertEq(slot(4), 1);
    }

    function test_mappings__should_lie_at_their_offsets() public {
        registerWallet(USER, 2);
        vm.prank(USER);
        direct.zrSignHash{value: directFee(2)}(signParams(0, "payload", false));
        bytes32 workspace = keccak256(abi.encode(block.chainid, address(direct), EVM, USER));
        bytes32 wallet = keccak256(abi.encode(block.chainid, address(direct), EVM, USER, uint256(0)));
        vm.assertEq(valueAt(mapped(EVM, SIGN + 5)), 44);
        vm.assertEq(valueAt(mapped(EVM, SIGN + 5) + 1), 60);
        vm.assertEq(valueAt(mapped(CHAIN, mapped(EVM, SIGN + 6))), 1);
        vm.assertEq(valueAt(mapped(workspace, SIGN + 7)), 1);
        vm.assertEq(valueAt(mapped(wallet, SIGN + 8)), 0x0202);
        vm.assertEq(valueAt(mapped(wallet, SIGN + 8) + 1), netResp());
        vm.assertEq(valueAt(mapped(bytes32(0), SIGN + 9)), 1);
        vm.assertEq(valueAt(mapped(bytes32(0), SIGN + 9) + 1), netResp());
    }

    function test_openzeppelin__should_use_its_namespaces() public {
        direct.pause();
        bytes32 roles = namespaceSlot("openzeppelin.storage.AccessControl");
        uint256 admins = mapped(bytes32(0), uint256(roles));
        vm.assertEq(valueAt(mapped(bytes32(uint256(uint160(address(this)))), admins)), 1);
        vm.assertEq(valueAt(uint256(namespaceSlot("openzeppelin.storage.Pausable"))), 1);
        vm.assertEq(valueAt(uint256(namespaceSlot("openzeppelin.storage.ReentrancyGuard"))), 1);
        vm.assertEq(valueAt(uint256(namespaceSlot("openzeppelin.storage.Initializable"))), 1);
    }

    function test_ownNamespaces__should_follow_their_formula() public {
        omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        bytes32 workspace = keccak256(abi.encode(block.chainid, address(omni), EVM, USER));
        uint256 place = mapped(workspace, uint256(namespaceSlot("zrsign.storage.omni")));
        vm.assertEq(uint256(vm.load(address(omni), bytes32(place))), 1);
    }
}
