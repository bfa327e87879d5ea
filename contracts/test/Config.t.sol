// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

import {ZrSign} from "../src/ZrSign.sol";
import {ZrSignBase} from "../src/ZrSignBase.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

contract RejectsEther {
    function withdraw(ZrSignBase sign) external {
        sign.withdrawMPCFees();
    }
}

contract ConfigTest is Fixture {
    function unauthorized(address account, bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, account, role);
    }

    function test_initialize__should_run_once_and_never_on_the_implementation() public {
        vm.assertEq(direct.version(), 1);
        vm.assertTrue(direct.hasRole(0, address(this)));
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        direct.initializeV1();
        ZrSign implementation = new ZrSign();
        vm.assertEq(implementation.version(), type(uint64).max);
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        implementation.initializeV1();
    }

    function test_walletType__should_follow_its_checks() public {
        bytes32 typeId = keccak256(abi.encode(uint256(44), uint256(501)));
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, typeId));
        direct.walletTypeIdConfig(44, 501, false);
        vm.expectEmit(address(direct));
        emit IZrSignConfig.WalletTypeIdSupport(44, 501, typeId, true);
        direct.walletTypeIdConfig(44, 501, true);
        vm.assertEq(direct.getWalletTypeInfo(typeId).coinType, 501);
        vm.expectRevert(abi.encodeWithSelector(IZrSignConfig.WalletTypeAlreadySupported.selector, typeId));
        direct.walletTypeIdConfig(44, 501, true);
        direct.walletTypeIdConfig(44, 501, false);
        vm.assertFalse(direct.isWalletTypeSupported(typeId));
    }

    function test_walletType__should_keep_its_chains_when_removed_and_added_again() public {
        direct.walletTypeIdConfig(44, 60, false);
        vm.assertFalse(direct.isWalletTypeSupported(EVM));
        direct.walletTypeIdConfig(44, 60, true);
        vm.assertTrue(direct.isChainIdSupported(EVM, CHAIN));
    }

    function test_purposeZero__should_be_added_without_ever_being_supported(uint256 coinType) public {
        bytes32 typeId = keccak256(abi.encode(uint256(0), coinType));
        direct.walletTypeIdConfig(0, coinType, true);
        direct.walletTypeIdConfig(0, coinType, true);
        vm.assertFalse(direct.isWalletTypeSupported(typeId));
    }

    function test_chainId__should_follow_its_checks(string calldata caip) public {
        vm.assume(keccak256(bytes(caip)) != CHAIN);
        bytes32 chainId = keccak256(bytes(caip));
        bytes32 unknown = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, unknown));
        direct.chainIdConfig(unknown, caip, true);
        vm.expectRevert(abi.encodeWithSelector(ISign.ChainIdNotSupported.selector, EVM, chainId));
        direct.chainIdConfig(EVM, caip, false);
        vm.expectEmit(address(direct));
        emit IZrSignConfig.ChainIdSupport(EVM, chainId, caip, true);
        direct.chainIdConfig(EVM, caip, true);
        vm.expectRevert(abi.encodeWithSelector(IZrSignConfig.ChainIdAlreadySupported.selector, EVM, chainId));
        direct.chainIdConfig(EVM, caip, true);
        direct.chainIdConfig(EVM, caip, false);
        vm.assertFalse(direct.isChainIdSupported(EVM, chainId));
    }

    function test_roles__should_guard_every_setting(address stranger) public {
        vm.assume(stranger != address(this) && stranger != PROXY_ADMIN);
        bytes32 feeRole = direct.FEE_ROLE();
        bytes32 pauserRole = direct.PAUSER_ROLE();
        vm.startPrank(stranger);
        vm.expectRevert(unauthorized(stranger, 0));
        direct.walletTypeIdConfig(44, 1, true);
        vm.expectRevert(unauthorized(stranger, 0));
        direct.chainIdConfig(EVM, "eip155:1", true);
        vm.expectRevert(unauthorized(stranger, feeRole));
        direct.updateMPCFee(1);
        vm.expectRevert(unauthorized(stranger, feeRole));
        direct.updateRespGas(1);
        vm.expectRevert(unauthorized(stranger, feeRole));
        direct.updateRespGasBuffer(1);
        vm.expectRevert(unauthorized(stranger, feeRole));
        direct.withdrawMPCFees();
        vm.expectRevert(unauthorized(stranger, pauserRole));
        direct.pause();
        vm.expectRevert(unauthorized(stranger, pauserRole));
        direct.unpause();
        vm.stopPrank();
    }

    function test_withdraw__should_pay_what_was_collected_once() public {
        omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        uint256 before = address(this).balance;
        vm.expectEmit(address(omni));
        emit IZrSignConfig.MPCFeeWithdraw(address(this), MPC_FEE);
        omni.withdrawMPCFees();
        vm.assertEq(address(this).balance, before + MPC_FEE);
        vm.assertEq(omni.getColletedFees(), 0);
        vm.expectEmit(address(omni));
        emit IZrSignConfig.MPCFeeWithdraw(address(this), 0);
        omni.withdrawMPCFees();
    }

    function test_withdraw__should_refuse_a_recipient_that_rejects_ether() public {
        RejectsEther holder = new RejectsEther();
        omni.grantRole(omni.FEE_ROLE(), address(holder));
        omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        vm.expectRevert(bytes("Failed to send Ether"));
        holder.withdraw(omni);
        vm.assertEq(omni.getColletedFees(), MPC_FEE);
    }
}
