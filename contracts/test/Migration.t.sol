// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ZrProxy} from "../src/ZrProxy.sol";
import {ZrSign} from "../src/ZrSign.sol";
import {ZrSignOmni} from "../src/ZrSignOmni.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {ZrSignTypes} from "../src/libraries/ZrSignTypes.sol";
import {OlderState} from "../src/migration/OlderState.sol";
import {ZrSignMigration} from "../src/migration/ZrSignMigration.sol";
import {Fixture} from "./Fixture.sol";
import {OlderLayout} from "./OlderLayout.sol";

/// @dev A proxy in the layout of the older contracts, with ether, gets these.
contract MigrationTest is Fixture {
    string internal constant SHORT = "0x12345678";
    string internal constant ADDRESS = "0x000000000000000000000000000000000000dEaD";
    string internal constant LONG =
        "bc1pxwww0ct9ue7e8tdnlmug5m2tamfn7q06sahstg39ys4c9f3340qqxrdu9k is one of more than 76";

    address internal proxy;
    OlderLayout internal older;
    ZrSignMigration internal migration;

    function setUp() public override {
        super.setUp();
        proxy =
            address(new ZrProxy(address(new OlderLayout()), PROXY_ADMIN, abi.encodeCall(OlderLayout.initialise, ())));
        older = OlderLayout(payable(proxy));
        older.terms(MPC_FEE, 3 ether, RESP_GAS, BUFFER, 7);
        older.walletType(44, 60);
        older.chain(EVM, CHAIN);
        older.wallet(EVM, USER, SHORT, 1);
        older.wallet(EVM, USER, ADDRESS, 2);
        older.wallet(EVM, USER, LONG, 3);
        older.openKey(EVM, USER, 2, 0.25 ether);
        older.request(4, 2, 1 ether);
        older.request(5, 1, 0.5 ether);
        older.grant(FEE(), address(this));
        older.grant(direct.MPC_ROLE(), MPC);
        vm.deal(proxy, 3.75 ether);
        migration = new ZrSignMigration();
    }

    function FEE() internal view returns (bytes32) {
        return direct.FEE_ROLE();
    }

    function upgrade(address implementation) internal {
        vm.prank(PROXY_ADMIN);
        ZrProxy(payable(proxy)).upgradeTo(implementation);
    }

    function one(bytes32 value) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](1);
        list[0] = value;
    }

    function event_(address owner) internal pure returns (SignTypes.SigReqParams[] memory list) {
        list = new SignTypes.SigReqParams[](1);
        list[0] = SignTypes.SigReqParams(EVM, 0, CHAIN, "payload", owner, 1, true);
    }

    function trace(uint256 value) internal pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = value;
    }

    function carryAll(uint256 most) internal {
        ZrSignMigration steps = ZrSignMigration(proxy);
        steps.carryWalletTypes(one(EVM));
        steps.carryChains(EVM, one(CHAIN));
        for (uint256 done = 0; done <= 3; done += most) {
            steps.carryWallets(EVM, USER, most);
        }
        steps.carryRequests(trace(5), event_(USER));
    }

    // Refused without

    function test_upgrade__should_be_refused_by_every_call_until_the_state_was_carried() public {
        address[2] memory next = [address(new ZrSign()), address(new ZrSignOmni())];
        for (uint256 i = 0; i < next.length; i++) {
            upgrade(next[i]);
            ZrSign moved = ZrSign(payable(proxy));
            bytes4 refused = OlderState.NotMigrated.selector;
            moved.walletTypeIdConfig(44, 501 + i, true);
            bytes32 kind = keccak256(abi.encode(44, 501 + i));
            vm.expectRevert(refused);
            moved.zrKeyReq{value: 1 ether}(SignTypes.ZrKeyReqParams(USER, kind, 1));
            vm.expectRevert(refused);
            moved.getTraceId();
            vm.expectRevert(refused);
            moved.estimateFee(1, 0);
            vm.expectRevert(refused);
            moved.updateMPCFee(1);
            vm.expectRevert(refused);
            moved.withdrawMPCFees();
            vm.expectRevert(refused);
            moved.configureSafety(SignTypes.Safety(1, 0, 0, 0, 0));
        }
    }

    /// @dev Any one of the five words is enough.
    function test_upgrade__should_be_refused_whatever_the_older_contract_has(uint8 word, uint64 value) public {
        uint256[5] memory words;
        words[word % 5] = value;
        older.terms(words[0], words[1], words[2], words[3], words[4]);
        upgrade(address(new ZrSign()));
        if (value != 0) vm.expectRevert(OlderState.NotMigrated.selector);
        ZrSign(payable(proxy)).getMPCFee();
    }

    // Carried over

    function test_migration__should_carry_configuration_and_money(uint8 most, bool paused) public {
        older.pause(paused);
        upgrade(address(migration));
        carryAll(uint256(most % 5) + 1);
        ZrSignMigration(proxy).finish(0);
        upgrade(address(new ZrSign()));
        ZrSign moved = ZrSign(payable(proxy));
        vm.assertEq(moved.getMPCFee(), MPC_FEE);
        vm.assertEq(moved.getRespGas(), RESP_GAS);
        vm.assertEq(moved.getRespGasPriceBuffer(), BUFFER);
        vm.assertEq(moved.getTraceId(), 7);
        vm.assertEq(moved.getColletedFees(), 3 ether);
        vm.assertTrue(moved.paused() == paused);
        vm.assertTrue(moved.isWalletTypeSupported(EVM) && moved.isChainIdSupported(EVM, CHAIN));
        vm.assertEq(moved.getWalletTypeInfo(EVM).coinType, 60);
        vm.assertTrue(moved.hasRole(moved.MPC_ROLE(), MPC));
        vm.assertEq(moved.version(), 1);
        moved.withdrawMPCFees();
        vm.assertEq(proxy.balance, 0.75 ether);
    }

    function test_migration__should_carry_wallets_and_what_is_open(uint8 most) public {
        upgrade(address(migration));
        carryAll(uint256(most % 5) + 1);
        ZrSignMigration(proxy).finish(0);
        upgrade(address(new ZrSign()));
        ZrSign moved = ZrSign(payable(proxy));
        string[] memory texts = moved.getZrKeys(EVM, USER);
        vm.assertEq(texts.length, 3);
        vm.assertEq(texts[0], SHORT);
        vm.assertEq(texts[1], ADDRESS);
        vm.assertEq(texts[2], LONG);
        for (uint256 i = 0; i < 3; i++) {
            vm.assertEq(
                abi.encode(moved.getWalletRegistry(EVM, i, USER)),
                abi.encode(SignTypes.WalletRegistry(2, uint8(i) + 1, 0))
            );
        }
        vm.assertEq(
            abi.encode(moved.getWalletRegistry(EVM, 3, USER)), abi.encode(SignTypes.WalletRegistry(1, 2, 0.25 ether))
        );
        vm.assertEq(moved.getRequestState(4).status, 2);
        vm.assertEq(abi.encode(moved.getRequestState(5)), abi.encode(SignTypes.ReqRegistry(1, 0.5 ether)));
        vm.assertEq(moved.getRequest(5).requestedAt, block.timestamp);
    }

    /// @dev Everything that was open ends as if it had begun here, and nothing is left but what belongs to nobody.
    function test_migration__should_let_open_requests_end(bool answered, uint64 forced) public {
        vm.deal(proxy, proxy.balance + forced);
        upgrade(address(migration));
        carryAll(10);
        ZrSignMigration(proxy).finish(int256(uint256(forced)));
        upgrade(address(new ZrSign()));
        ZrSign moved = ZrSign(payable(proxy));
        uint256 before = USER.balance + RELAYER.balance;
        if (answered) {
            vm.prank(RELAYER);
            moved.zrKeyRes{gas: RESP_GAS}(keyAnswer(USER, 3, ADDRESS));
            vm.prank(RELAYER);
            moved.zrSignRes{gas: RESP_GAS}(signAnswer(5, USER));
        } else {
            vm.warp(block.timestamp + 1 days);
            SignTypes.ZrSignParams memory params = signParams(0, "payload", true);
            bytes32 context = moved.requestContext(USER, params, 1);
            vm.startPrank(USER);
            moved.cancelKeyRequest(EVM, USER, 3);
            moved.cancelRequest(5, true, context);
            vm.stopPrank();
        }
        vm.assertEq(USER.balance + RELAYER.balance, before + 0.75 ether);
        moved.withdrawMPCFees();
        vm.assertEq(proxy.balance, forced);
        // And it goes on: wallets sign, and trace ids do not repeat.
        vm.deal(USER, 1 ether);
        vm.prank(USER);
        moved.zrSignHash{value: 1 ether}(signParams(2, "payload", false));
        vm.assertEq(moved.getTraceId(), 8);
    }

    function test_migration__should_become_omni_too() public {
        upgrade(address(migration));
        carryAll(10);
        ZrSignMigration(proxy).finish(0);
        upgrade(address(new ZrSignOmni()));
        ZrSignOmni moved = ZrSignOmni(payable(proxy));
        vm.assertEq(moved.getWalletCount(EVM, USER), 3);
        vm.prank(USER);
        moved.cancelKeyRequest(EVM, USER, 3);
        vm.assertEq(proxy.balance, 3.5 ether);
    }

    function test_migration__should_run_many_steps_in_one_call() public {
        upgrade(address(migration));
        bytes[] memory calls = new bytes[](5);
        calls[0] = abi.encodeCall(ZrSignMigration.carryWalletTypes, (one(EVM)));
        calls[1] = abi.encodeCall(ZrSignMigration.carryChains, (EVM, one(CHAIN)));
        calls[2] = abi.encodeCall(ZrSignMigration.carryWallets, (EVM, USER, 10));
        calls[3] = abi.encodeCall(ZrSignMigration.carryRequests, (trace(5), event_(USER)));
        calls[4] = abi.encodeCall(ZrSignMigration.finish, (0));
        ZrSignMigration(proxy).multicall(calls);
        upgrade(address(new ZrSign()));
        vm.assertEq(ZrSign(payable(proxy)).getZrKeys(EVM, USER).length, 3);
    }

    // Nothing is forgotten, counted twice or taken

    function test_end__should_wait_for_all_that_holds_ether(bool withKey) public {
        upgrade(address(migration));
        ZrSignMigration steps = ZrSignMigration(proxy);
        steps.carryWallets(EVM, USER, 3);
        if (!withKey) steps.carryRequests(trace(5), event_(USER));
        int256 missing = withKey ? int256(0.5 ether) : int256(0);
        if (withKey) vm.expectRevert(abi.encodeWithSelector(ZrSignMigration.Unaccounted.selector, missing));
        steps.finish(0);
    }

    function test_steps__should_carry_nothing_twice() public {
        upgrade(address(migration));
        carryAll(1);
        ZrSignMigration steps = ZrSignMigration(proxy);
        steps.carryWallets(EVM, USER, 10);
        vm.expectRevert(abi.encodeWithSelector(ZrSignMigration.NothingToCarry.selector, 5));
        steps.carryRequests(trace(5), event_(USER));
        vm.expectRevert(abi.encodeWithSelector(ZrSignMigration.NothingToCarry.selector, 4));
        steps.carryRequests(trace(4), event_(USER));
        steps.finish(0);
        vm.expectRevert(ZrSignMigration.AlreadyMigrated.selector);
        steps.finish(0);
        vm.expectRevert(ZrSignMigration.AlreadyMigrated.selector);
        steps.carryWallets(EVM, USER, 10);
    }

    function test_steps__should_refuse_a_request_of_no_wallet(address stranger) public {
        vm.assume(stranger != USER);
        upgrade(address(migration));
        ZrSignMigration steps = ZrSignMigration(proxy);
        steps.carryWallets(EVM, USER, 10);
        bytes32 walletId = keccak256(abi.encode(block.chainid, proxy, EVM, stranger, uint256(0)));
        vm.expectRevert(abi.encodeWithSelector(ZrSignMigration.UnknownWallet.selector, walletId));
        steps.carryRequests(trace(5), event_(stranger));
    }

    function test_steps__should_be_the_administrators(address stranger) public {
        vm.assume(stranger != address(this) && stranger != PROXY_ADMIN);
        upgrade(address(migration));
        bytes[5] memory calls = [
            abi.encodeCall(ZrSignMigration.carryWalletTypes, (one(EVM))),
            abi.encodeCall(ZrSignMigration.carryChains, (EVM, one(CHAIN))),
            abi.encodeCall(ZrSignMigration.carryWallets, (EVM, USER, 10)),
            abi.encodeCall(ZrSignMigration.carryRequests, (trace(5), event_(USER))),
            abi.encodeCall(ZrSignMigration.finish, (0))
        ];
        bytes memory refused =
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, bytes32(0));
        for (uint256 i = 0; i < calls.length; i++) {
            vm.prank(stranger);
            (bool done, bytes memory reason) = proxy.call(calls[i]);
            vm.assertFalse(done);
            vm.assertEq(reason, refused);
        }
    }

    function test_end__should_refuse_what_does_not_fit(uint8 which) public {
        uint256[5] memory limits =
            [uint256(type(uint72).max), type(uint80).max, type(uint24).max, type(uint16).max, type(uint40).max];
        uint256[5] memory words;
        which = which % 5;
        words[which] = limits[which] + 1;
        older.terms(words[0], words[1], words[2], words[3], words[4]);
        vm.deal(proxy, words[1]);
        upgrade(address(migration));
        vm.expectRevert(abi.encodeWithSelector(ZrSignMigration.TooLarge.selector, limits[which] + 1));
        ZrSignMigration(proxy).finish(0);
        words[which] = limits[which];
        upgrade(address(new OlderLayout()));
        older.terms(words[0], words[1], words[2], words[3], words[4]);
        vm.deal(proxy, words[1]);
        upgrade(address(migration));
        ZrSignMigration(proxy).finish(0);
    }

    function test_proxy__should_find_all_as_it_was_when_it_goes_back_before_the_end() public {
        address back = address(new OlderLayout());
        upgrade(address(migration));
        carryAll(10);
        upgrade(back);
        (uint256 mpcFee, uint256 collected, uint256 respGas, uint256 buffer, uint256 traceId) = older.state();
        vm.assertEq(mpcFee + collected + respGas + buffer + traceId, MPC_FEE + 3 ether + RESP_GAS + BUFFER + 7);
        vm.assertEq(older.text(EVM, USER, 2), LONG);
    }

    function test_newProxy__should_have_nothing_to_migrate() public {
        ZrSign fresh = ZrSign(payable(deployProxy(address(new ZrSign()))));
        vm.assertEq(fresh.getTraceId(), 0);
    }
}
