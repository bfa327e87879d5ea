// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ZrSignConnectBase} from "../src/ZrSignConnectBase.sol";
import {ApprovedOrders} from "../src/examples/ApprovedOrders.sol";
import {ExampleExchange} from "../src/examples/ExampleExchange.sol";
import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignOmni} from "../src/interfaces/IZrSignOmni.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {ConnectFixture} from "./ConnectFixture.sol";

/// @dev A careless heir: signs without an order.
contract Leaky is ApprovedOrders {
    constructor(address payable zrSign, address[] memory members)
        ApprovedOrders(zrSign, "eip155:31338", address(1), members, 1)
    {}

    function sign(bytes32 digest) external {
        reqSignForHash(EVM_WALLET_TYPE, 0, toChainId("eip155:31337"), digest);
    }
}

contract ExamplesOrdersTest is ConnectFixture {
    string internal constant DESTINATION = "eip155:31338";
    address internal constant ROUTER = 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed;
    uint256 internal constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    ApprovedOrders internal orders;
    uint64 internal deadline;
    uint256[3] internal keys;

    function setUp() public override {
        super.setUp();
        keys = [uint256(0xA11), 0xB0B, 0xCA7];
        orders = ordersAt(address(omni));
        vm.deal(address(orders), 1 ether);
        orders.requestNewEVMWallet(2);
        deadline = uint64(block.timestamp + 1 hours);
    }

    function ordersAt(address zrSign) internal returns (ApprovedOrders) {
        return new ApprovedOrders(payable(zrSign), DESTINATION, ROUTER, members(), 2);
    }

    function members() internal view returns (address[] memory found) {
        found = new address[](3);
        for (uint256 i = 0; i < 3; i++) {
            found[i] = vm.addr(keys[i]);
        }
    }

    function approval(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Approvals of two keys, ascending by signer.
    function approvals(uint256 one, uint256 other, bytes32 digest) internal pure returns (bytes[] memory pair) {
        if (vm.addr(one) > vm.addr(other)) (one, other) = (other, one);
        pair = new bytes[](2);
        pair[0] = approval(one, digest);
        pair[1] = approval(other, digest);
    }

    function place(uint256 value, bytes memory data) internal returns (uint256 id, bytes32 digest) {
        id = orders.place(0, value, data, NO_CEILING, deadline);
        digest = orders.approvalDigest(id);
    }

    function test_order__should_call_the_router_as_it_was_approved(
        uint256 value,
        bytes calldata data,
        address anybody,
        uint256 absent
    ) public {
        (uint256 id, bytes32 digest) = place(value, data);
        bytes[] memory two = approvals(keys[(absent % 3 + 1) % 3], keys[(absent % 3 + 2) % 3], digest);
        bytes memory payload =
            SignTypes.encodeSimple(SignTypes.SimpleTx("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", value, data));
        vm.expectEmit(address(omni));
        emit ISign.ZrSigRequest(
            0,
            keccak256(abi.encode(block.chainid, address(omni), EVM, address(orders), uint256(0))),
            2 * MPC_FEE,
            2 * MPC_FEE,
            SignTypes.SigReqParams(EVM, 0, keccak256(bytes(DESTINATION)), payload, address(orders), 2, true)
        );
        vm.prank(anybody);
        vm.assertEq(orders.execute(id, two), 0);
        vm.assertTrue(orders.getOrder(id).status == ApprovedOrders.Status.EXECUTED);
    }

    /// @dev A stranger asks first for a wallet that cannot make simple transactions.
    function test_order__should_run_although_a_stranger_requested_the_first_wallet(address stranger) public {
        vm.assume(stranger != PROXY_ADMIN);
        orders = ordersAt(address(omni));
        vm.deal(address(orders), 1 ether);
        vm.deal(stranger, 1 ether);
        vm.prank(stranger);
        omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(address(orders), EVM, 1));
        vm.expectEmit(address(omni));
        emit ISign.ZrKeyRequest(EVM, address(orders), 1, 2, 2 * MPC_FEE, 2 * MPC_FEE);
        orders.requestNewEVMWallet(2);
        uint256 id = orders.place(1, 1, "", NO_CEILING, deadline);
        orders.execute(id, approvals(keys[0], keys[1], orders.approvalDigest(id)));
        orders.withdrawEther(payable(address(this)), address(orders).balance);
        vm.assertEq(address(orders).balance, 0);
    }

    function test_approvals__should_be_of_one_wallet_only(uint256 walletIndex) public {
        vm.assume(walletIndex != 0);
        (, bytes32 digest) = place(1, "");
        orders.place(walletIndex, 1, "", NO_CEILING, deadline);
        vm.assertFalse(orders.approvalDigest(1) == digest);
        ApprovedOrders other = ordersAt(address(omni));
        other.place(walletIndex, 1, "", NO_CEILING, deadline);
        orders = other;
        (uint256 id, bytes32 same) = place(1, "");
        vm.assertFalse(other.approvalDigest(0) == same);
        vm.assertEq(id, 1);
    }

    /// @dev Whoever executes pays from the contract's balance, so the trader says how much.
    function test_order__should_not_cost_more_than_its_trader_allows(uint96 maxFee) public {
        uint256 id = orders.place(0, 1, "", maxFee, deadline);
        bytes[] memory two = approvals(keys[0], keys[1], orders.approvalDigest(id));
        uint256 fee = 2 * MPC_FEE;
        if (fee > maxFee) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.FeeAboveMaximum.selector, fee, uint256(maxFee)));
        }
        orders.execute(id, two);
    }

    function test_order__should_run_once(bytes calldata data) public {
        (uint256 id, bytes32 digest) = place(1, data);
        bytes[] memory two = approvals(keys[0], keys[1], digest);
        orders.execute(id, two);
        vm.expectRevert(abi.encodeWithSelector(ApprovedOrders.OrderClosed.selector, id));
        orders.execute(id, two);
        vm.assertEq(omni.getTraceId(), 1);
    }

    function test_approvals__should_be_of_one_order_only(uint256 value, bytes calldata data) public {
        (uint256 first, bytes32 digest) = place(value, data);
        (uint256 second,) = place(value, data);
        bytes[] memory two = approvals(keys[0], keys[2], digest);
        clock.expectRevert();
        orders.execute(second, two);
        orders.execute(first, two);
    }

    function test_approvals__should_be_of_one_contract_and_chain_only() public {
        ApprovedOrders other = ordersAt(address(omni));
        (uint256 id, bytes32 digest) = place(1, "");
        vm.assertEq(other.place(0, 1, "", NO_CEILING, deadline), id);
        vm.assertFalse(other.approvalDigest(id) == digest);
        vm.chainId(1);
        vm.assertFalse(orders.approvalDigest(id) == digest);
    }

    function test_approvals__should_be_members(uint256 key, uint8 member) public {
        key = 1 + key % (N - 1);
        vm.assume(!orders.isMember(vm.addr(key)));
        (uint256 id, bytes32 digest) = place(1, "");
        bytes[] memory two = approvals(keys[member % 3], key, digest);
        vm.expectRevert(abi.encodeWithSelector(ApprovedOrders.InvalidApproval.selector, vm.addr(key)));
        orders.execute(id, two);
    }

    function test_approvals__should_count_once_a_member(uint8 member) public {
        (uint256 id, bytes32 digest) = place(1, "");
        uint256 key = keys[member % 3];
        bytes[] memory two = approvals(key, key, digest);
        vm.expectRevert(abi.encodeWithSelector(ApprovedOrders.InvalidApproval.selector, vm.addr(key)));
        orders.execute(id, two);
    }

    function test_approvals__should_be_in_ascending_order() public {
        (uint256 id, bytes32 digest) = place(1, "");
        bytes[] memory two = approvals(keys[0], keys[1], digest);
        (two[0], two[1]) = (two[1], two[0]);
        address lower = vm.addr(keys[0]) < vm.addr(keys[1]) ? vm.addr(keys[0]) : vm.addr(keys[1]);
        vm.expectRevert(abi.encodeWithSelector(ApprovedOrders.InvalidApproval.selector, lower));
        orders.execute(id, two);
    }

    function test_approvals__should_be_enough(uint8 count) public {
        (uint256 id, bytes32 digest) = place(1, "");
        bytes[] memory few = new bytes[](count % 2);
        if (few.length == 1) few[0] = approval(keys[0], digest);
        vm.expectRevert(abi.encodeWithSelector(ApprovedOrders.QuorumMissing.selector, id, few.length, 2));
        orders.execute(id, few);
    }

    function test_approvals__should_not_be_malleable(uint8 member) public {
        (uint256 id, bytes32 digest) = place(1, "");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[member % 3], digest);
        bytes[] memory two = new bytes[](2);
        bytes32 high = bytes32(N - uint256(s));
        two[0] = abi.encodePacked(r, high, uint8(27 + 28 - v));
        two[1] = two[0];
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, high));
        orders.execute(id, two);
    }

    function test_junk__should_be_no_approval(bytes calldata one, bytes calldata other) public {
        (uint256 id,) = place(1, "");
        bytes[] memory two = new bytes[](2);
        (two[0], two[1]) = (one, other);
        clock.expectRevert();
        orders.execute(id, two);
    }

    function test_late_orders__should_be_closed(uint32 wait) public {
        (uint256 id, bytes32 digest) = place(1, "");
        bytes[] memory two = approvals(keys[0], keys[1], digest);
        clock.warp(block.timestamp + wait);
        if (wait > 1 hours) vm.expectRevert(abi.encodeWithSelector(ApprovedOrders.OrderClosed.selector, id));
        orders.execute(id, two);
    }

    function test_cancelled_orders__should_be_closed() public {
        (uint256 id, bytes32 digest) = place(1, "");
        orders.cancel(id);
        bytes[] memory two = approvals(keys[0], keys[1], digest);
        vm.expectRevert(abi.encodeWithSelector(ApprovedOrders.OrderClosed.selector, id));
        orders.execute(id, two);
        vm.expectRevert(abi.encodeWithSelector(ApprovedOrders.OrderClosed.selector, id));
        orders.cancel(id);
    }

    function test_strangers__should_neither_place_nor_cancel(address stranger) public {
        vm.assume(stranger != address(this));
        (uint256 id,) = place(1, "");
        bytes memory refusal = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, orders.SPENDER_ROLE()
        );
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        orders.place(0, 1, "", NO_CEILING, deadline);
        vm.expectRevert(refusal);
        orders.cancel(id);
        vm.expectRevert(refusal);
        orders.requestNewEVMWallet(2);
        vm.stopPrank();
    }

    function test_ledger_account__should_be_the_administrators_to_name(address stranger) public {
        vm.assume(stranger != address(this));
        orders.grantRole(orders.SPENDER_ROLE(), stranger);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, bytes32(0))
        );
        orders.linkAccount("zen1stranger");
        vm.expectEmit(address(omni));
        emit IZrSignOmni.ZrAccountLinked(address(orders), "zen1administrator");
        orders.linkAccount("zen1administrator");
    }

    function test_trader__should_sign_nothing_but_orders_even_through_an_heir(bytes32 digest) public {
        Leaky leaky = new Leaky(payable(address(omni)), members());
        vm.deal(address(leaky), 1 ether);
        leaky.requestNewEVMWallet(2);
        bytes32 request = bytes32(ISign.zrSignHash.selector);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), request)
        );
        leaky.sign(digest);
    }

    /// @dev A trader may ask; Omni held nothing.
    function test_cancellation__should_return_nothing_of_what_omni_never_held() public {
        vm.expectRevert(IRefunds.NothingToCancel.selector);
        orders.cancelKeyRequest(EVM, 0);
        vm.assertEq(omni.getWalletRegistry(EVM, 0, address(orders)).status, 1);
    }

    function test_unknown_orders__should_be_named(uint256 id) public {
        bytes memory refusal = abi.encodeWithSelector(ApprovedOrders.UnknownOrder.selector, id);
        vm.expectRevert(refusal);
        orders.getOrder(id);
        vm.expectRevert(refusal);
        orders.approvalDigest(id);
        vm.expectRevert(refusal);
        orders.execute(id, new bytes[](2));
    }

    function test_members__should_be_distinct_and_enough(uint8 quorum, bool twice, bool zero) public {
        address[] memory two = new address[](2);
        two[0] = USER;
        two[1] = zero ? address(0) : twice ? USER : RELAYER;
        if (zero || twice || quorum == 0 || quorum > 2) vm.expectRevert(ApprovedOrders.InvalidMembers.selector);
        new ApprovedOrders(payable(address(omni)), DESTINATION, ROUTER, two, quorum);
    }

    function test_execution__should_give_back_what_the_fee_does_not_need(uint88 value) public {
        (uint256 id, bytes32 digest) = place(1, "");
        bytes[] memory two = approvals(keys[0], keys[1], digest);
        uint256 mine = address(this).balance;
        orders.execute{value: value}(id, two);
        vm.assertEq(mine - address(this).balance, value < 2 * MPC_FEE ? value : 2 * MPC_FEE);
    }

    function test_exchange__should_sell_at_its_rate(uint88 value, uint96 minimum, address recipient) public {
        vm.assume(recipient != address(0));
        ExampleExchange exchange = new ExampleExchange();
        uint256 bought = uint256(value) * 3;
        if (bought < minimum) {
            vm.expectRevert(abi.encodeWithSelector(ExampleExchange.TooLittle.selector, minimum, bought));
        }
        exchange.swap{value: value}(minimum, recipient, block.timestamp);
        vm.assertEq(exchange.balanceOf(recipient), bought < minimum ? 0 : bought);
        vm.expectRevert(abi.encodeWithSelector(ExampleExchange.Expired.selector, block.timestamp - 1));
        exchange.swap(0, recipient, block.timestamp - 1);
    }
}
