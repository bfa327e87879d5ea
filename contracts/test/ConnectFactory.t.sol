// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSign} from "../src/ZrSign.sol";
import {ZrSignFactory} from "../src/ZrSignFactory.sol";
import {ZrSignOmni} from "../src/ZrSignOmni.sol";
import {Clock, ConnectFixture} from "./ConnectFixture.sol";

contract FactoryTest is ConnectFixture {
    bytes32 internal constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    bytes32 internal constant ADMIN_SLOT = 0xb53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103;

    ZrSignFactory internal factory;
    address internal implementation;

    function setUp() public override {
        super.setUp();
        factory = new ZrSignFactory();
        implementation = address(new ZrSign());
    }

    function create(address deployer, bytes32 salt) internal returns (address) {
        vm.prank(deployer);
        return factory.create(implementation, PROXY_ADMIN, salt);
    }

    function test_proxy__should_be_where_it_was_foretold(address deployer, bytes32 salt) public {
        vm.assume(deployer != PROXY_ADMIN && deployer != address(factory));
        address foretold = factory.addressOf(deployer, salt);
        vm.assertEq(create(deployer, salt), foretold);
        vm.assertEq(vm.load(foretold, ADMIN_SLOT), bytes32(uint256(uint160(PROXY_ADMIN))));
        vm.assertEq(vm.load(foretold, IMPLEMENTATION_SLOT), bytes32(uint256(uint160(implementation))));
    }

    function test_proxy__should_belong_to_its_deployer_alone(address deployer, bytes32 salt) public {
        vm.assume(deployer != PROXY_ADMIN && deployer != address(factory));
        ZrSign proxy = ZrSign(payable(create(deployer, salt)));
        vm.assertTrue(proxy.hasRole(0, deployer));
        vm.assertFalse(proxy.hasRole(0, address(factory)));
        vm.assertEq(proxy.version(), 1);
        clock.expectRevert();
        proxy.initializeV1();
    }

    function test_address__should_not_depend_on_the_implementation(address deployer, bytes32 salt) public {
        vm.assume(deployer != PROXY_ADMIN && deployer != address(factory));
        address foretold = factory.addressOf(deployer, salt);
        implementation = address(new ZrSignOmni());
        vm.assertEq(create(deployer, salt), foretold);
    }

    function test_address__should_be_nobody_elses(address deployer, address thief, bytes32 salt) public {
        vm.assume(deployer != PROXY_ADMIN && thief != PROXY_ADMIN && deployer != thief);
        vm.assume(deployer != address(factory) && thief != address(factory));
        vm.assertFalse(create(thief, salt) == factory.addressOf(deployer, salt));
        create(deployer, salt);
    }

    function test_salt__should_serve_once(bytes32 salt) public {
        create(USER, salt);
        vm.prank(USER);
        clock.expectRevert();
        factory.create(implementation, PROXY_ADMIN, salt);
    }

    function test_creation__should_need_an_implementation(address nothing, bytes32 salt) public {
        vm.assume(nothing.code.length == 0);
        vm.expectRevert("ERC1967: new implementation is not a contract");
        factory.create(nothing, PROXY_ADMIN, salt);
    }
}
