// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {ForwardedAccount} from "../src/examples/oapp/ForwardedAccount.sol";
import {ForwardedRequests} from "../src/examples/oapp/ForwardedRequests.sol";
import {
    IMessageEndpoint,
    IMessageReceiver,
    MessagingFee,
    MessagingParams,
    MessagingReceipt,
    Origin
} from "../src/examples/oapp/IMessageEndpoint.sol";
import {RemoteRequester} from "../src/examples/oapp/RemoteRequester.sol";
import {RequestForwarder} from "../src/examples/oapp/RequestForwarder.sol";
import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {ZrSignConnectBase} from "../src/ZrSignConnectBase.sol";
import {ConnectFixture} from "./ConnectFixture.sol";

/// @dev Two chains in one: what is sent waits in a queue until it is delivered.
contract Endpoint is IMessageEndpoint {
    struct Parcel {
        Origin origin;
        bytes32 guid;
        address receiver;
        bytes message;
    }

    uint256 internal constant FEE = 1 gwei;
    uint32 public eid;
    Parcel[] internal parcels;

    constructor(uint32 eid_) {
        eid = eid_;
    }

    function quote(MessagingParams calldata, address) external pure returns (MessagingFee memory) {
        return MessagingFee(FEE, 0);
    }

    function send(MessagingParams calldata params, address refundAddress)
        external
        payable
        returns (MessagingReceipt memory)
    {
        uint64 nonce = uint64(parcels.length + 1);
        bytes32 sender = bytes32(uint256(uint160(msg.sender)));
        bytes32 guid = keccak256(abi.encode(eid, sender, nonce));
        parcels.push(
            Parcel(Origin(eid, sender, nonce), guid, address(uint160(uint256(params.receiver))), params.message)
        );
        (bool taken,) = refundAddress.call{value: msg.value - FEE}("");
        require(taken, "refused");
        return MessagingReceipt(guid, nonce, MessagingFee(FEE, 0));
    }

    function deliver(uint256 place) external payable {
        Parcel memory parcel = parcels[place];
        IMessageReceiver(parcel.receiver).lzReceive{value: msg.value}(
            parcel.origin, parcel.guid, parcel.message, msg.sender, ""
        );
    }

    function count() external view returns (uint256) {
        return parcels.length;
    }

    function guidOf(uint256 place) external view returns (bytes32) {
        return parcels[place].guid;
    }
}

contract ExamplesForwarderTest is ConnectFixture {
    uint32 internal constant REMOTE = 40_161;
    address internal constant ALICE = address(0xA1);
    address internal constant BOB = address(0xB0);
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";

    Endpoint internal endpoint;
    RemoteRequester internal requester;
    RequestForwarder internal forwarder;

    function setUp() public override {
        super.setUp();
        vm.deal(ALICE, 10 ether);
        vm.deal(BOB, 10 ether);
        endpoint = new Endpoint(REMOTE);
        build(address(omni));
    }

    function build(address zrSign) internal {
        forwarder = new RequestForwarder(payable(zrSign), address(endpoint));
        requester = new RemoteRequester(endpoint, 40_231, to32(address(forwarder)));
        forwarder.setPeer(REMOTE, to32(address(requester)));
    }

    function to32(address account) internal pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function accountOf(address user) internal view returns (address payable) {
        return forwarder.accountOf(REMOTE, to32(user));
    }

    function askKey(address user) internal returns (uint256 place) {
        place = endpoint.count();
        vm.prank(user);
        requester.reqZrKey{value: 1 gwei}(ForwardedRequests.Key(EVM, 1, NO_CEILING), "");
    }

    function askSignature(address user, uint256 index, bytes memory payload) internal returns (uint256 place) {
        place = endpoint.count();
        vm.prank(user);
        requester.reqZrSigForTx{value: 1 gwei}(
            ForwardedRequests.Transaction(EVM, index, CHAIN, payload, true, NO_CEILING), ""
        );
    }

    function askCancellation(address user, uint256 traceId, bytes memory payload) internal returns (uint256 place) {
        place = endpoint.count();
        bytes32 context = direct.requestContext(accountOf(ALICE), signParams(0, payload, true), 1);
        vm.prank(user);
        requester.cancelRequest{value: 1 gwei}(ForwardedRequests.Cancellation(traceId, true, context), "");
    }

    function askKeyCancellation(address user) internal returns (uint256 place) {
        place = endpoint.count();
        vm.prank(user);
        requester.cancelKeyRequest{value: 1 gwei}(ForwardedRequests.KeyCancellation(EVM, 0), "");
    }

    function askWithdrawal(address user, address payable to, uint256 amount) internal returns (uint256 place) {
        place = endpoint.count();
        vm.prank(user);
        requester.withdraw{value: 1 gwei}(ForwardedRequests.Withdrawal(to, amount), "");
    }

    // Who asks

    function test_key__should_be_requested_for_the_user(address user) public {
        vm.assume(user.code.length == 0 && uint160(user) > 0xFFFF);
        vm.deal(user, 1 ether);
        uint256 place = askKey(user);
        vm.expectEmit(address(forwarder));
        emit RequestForwarder.Served(endpoint.guidOf(place), accountOf(user), 1);
        endpoint.deliver{value: MPC_FEE}(place);
        vm.assertEq(requester.addressToBytes32(user), to32(user));
        vm.assertEq(omni.getWalletRegistry(EVM, 0, accountOf(user)).status, 1);
        vm.assertEq(balance(accountOf(user)), 0);
    }

    function test_signature__should_be_requested_with_the_users_wallet(bytes calldata payload) public {
        endpoint.deliver{value: MPC_FEE}(askKey(BOB));
        endpoint.deliver{value: MPC_FEE}(askKey(ALICE));
        uint256 place = askSignature(ALICE, 0, payload);
        vm.expectEmit(address(omni));
        emit ISign.ZrSigRequest(
            0,
            keccak256(abi.encode(block.chainid, address(omni), EVM, accountOf(ALICE), uint256(0))),
            MPC_FEE,
            MPC_FEE,
            SignTypes.SigReqParams(EVM, 0, CHAIN, payload, accountOf(ALICE), 1, true)
        );
        endpoint.deliver{value: MPC_FEE}(place);
    }

    function test_wallets__should_be_their_users_only(address thief) public {
        vm.assume(thief != ALICE && thief.code.length == 0 && uint160(thief) > 0xFFFF);
        vm.deal(thief, 1 ether);
        endpoint.deliver{value: MPC_FEE}(askKey(ALICE));
        uint256 place = askSignature(thief, 0, "x");
        // Omni prices by a wallet's options, and the thief has no wallet.
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidOptions.selector, 0));
        endpoint.deliver{value: 1 ether}(place);
    }

    function test_accounts__should_obey_the_forwarder_alone(address liar, uint8 kind, bytes calldata content) public {
        vm.assume(liar != address(forwarder));
        endpoint.deliver{value: MPC_FEE}(askKey(ALICE));
        ForwardedAccount account = ForwardedAccount(accountOf(ALICE));
        vm.startPrank(liar);
        vm.expectRevert(abi.encodeWithSelector(ForwardedAccount.NotPermitted.selector, ForwardedAccount.serve.selector));
        account.serve(kind, content);
        vm.expectRevert(abi.encodeWithSelector(ForwardedAccount.NotPermitted.selector, bytes4(0x60a48995)));
        account.requestNewEVMWallet(1);
        vm.expectRevert(abi.encodeWithSelector(ForwardedAccount.NotPermitted.selector, IRefunds.cancelRequest.selector));
        account.cancelRequest(0, true, 0);
        vm.stopPrank();
    }

    function test_messages__should_come_from_the_endpoint(address liar, bytes32 guid) public {
        vm.assume(liar != address(endpoint));
        Origin memory origin = Origin(REMOTE, to32(address(requester)), 1);
        vm.prank(liar);
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.OnlyEndpoint.selector, liar));
        forwarder.lzReceive(origin, guid, ForwardedRequests.encode(1, to32(ALICE), ""), address(0), "");
    }

    function test_messages__should_come_from_the_peer(uint32 eid, bytes32 sender, bytes32 guid) public {
        vm.assume(eid != REMOTE || sender != to32(address(requester)));
        vm.assertFalse(forwarder.allowInitializePath(Origin(eid, sender, 1)));
        vm.prank(address(endpoint));
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.OnlyPeer.selector, eid, sender));
        forwarder.lzReceive(Origin(eid, sender, 1), guid, ForwardedRequests.encode(1, to32(ALICE), ""), address(0), "");
    }

    function test_messages__should_be_of_nobody_after_the_peer_was_removed() public {
        forwarder.setPeer(REMOTE, 0);
        uint256 place = askKey(ALICE);
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.OnlyPeer.selector, REMOTE, to32(address(requester))));
        endpoint.deliver(place);
        vm.assertFalse(forwarder.allowInitializePath(Origin(REMOTE, 0, 1)));
    }

    function test_messages__should_be_served_once() public {
        uint256 place = askKey(ALICE);
        endpoint.deliver{value: MPC_FEE}(place);
        vm.assertTrue(forwarder.served(endpoint.guidOf(place)));
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.AlreadyServed.selector, endpoint.guidOf(place)));
        endpoint.deliver{value: MPC_FEE}(place);
    }

    function test_unknown_kinds__should_be_refused(uint8 kind) public {
        vm.assume(kind == 0 || kind > 5);
        vm.prank(address(endpoint));
        vm.expectRevert(abi.encodeWithSelector(ForwardedAccount.UnknownKind.selector, kind));
        forwarder.lzReceive(
            Origin(REMOTE, to32(address(requester)), 1), 0, abi.encode(kind, to32(ALICE), bytes("")), address(0), ""
        );
    }

    function test_strangers__should_not_name_peers(address stranger) public {
        vm.assume(stranger != address(this));
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger));
        forwarder.setPeer(1, bytes32(uint256(1)));
    }

    // Who pays

    function test_ether__should_pay_for_its_own_user_only(uint88 alices, uint88 bobs) public {
        vm.deal(accountOf(BOB), bobs);
        vm.deal(accountOf(ALICE), alices);
        uint256 place = askKey(ALICE);
        bool enough = alices >= MPC_FEE;
        if (!enough) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.InsufficientBalance.selector, MPC_FEE, alices));
        }
        endpoint.deliver(place);
        vm.assertEq(balance(accountOf(BOB)), bobs);
        vm.assertEq(balance(accountOf(ALICE)), enough ? alices - MPC_FEE : alices);
        vm.assertEq(balance(address(forwarder)), 0);
    }

    function test_refused_message__should_be_delivered_again_once_it_is_paid_for() public {
        uint256 place = askKey(ALICE);
        clock.expectRevert();
        endpoint.deliver(place);
        vm.deal(accountOf(ALICE), MPC_FEE);
        endpoint.deliver(place);
        vm.assertEq(omni.getWalletRegistry(EVM, 0, accountOf(ALICE)).status, 1);
    }

    function test_fee__should_be_at_most_what_the_message_says(uint64 maxFee) public {
        vm.deal(accountOf(ALICE), 1 ether);
        vm.startPrank(ALICE);
        requester.reqZrKey{value: 1 gwei}(ForwardedRequests.Key(EVM, 1, maxFee), "");
        requester.reqZrSigForTx{value: 1 gwei}(ForwardedRequests.Transaction(EVM, 0, CHAIN, "x", true, maxFee), "");
        vm.stopPrank();
        bytes memory refusal = abi.encodeWithSelector(ZrSignConnectBase.FeeAboveMaximum.selector, MPC_FEE, maxFee);
        if (maxFee < MPC_FEE) vm.expectRevert(refusal);
        endpoint.deliver(0);
        if (maxFee < MPC_FEE) {
            endpoint.deliver(askKey(ALICE));
            vm.expectRevert(refusal);
        }
        endpoint.deliver(1);
    }

    function test_surplus_of_sending__should_go_back_to_the_user(uint64 value) public {
        vm.assume(value >= 1 gwei && value < 10 ether);
        vm.prank(ALICE);
        requester.reqZrKey{value: value}(ForwardedRequests.Key(EVM, 1, NO_CEILING), "");
        vm.assertEq(ALICE.balance, 10 ether - 1 gwei);
        vm.assertEq(requester.calculateFee("", ""), 1 gwei);
    }

    function test_ether__should_be_paid_out_to_whom_its_user_says(uint88 amount, uint88 there) public {
        address payable to = payable(address(0xF00D));
        vm.deal(accountOf(ALICE), there);
        vm.deal(accountOf(BOB), 1 ether);
        uint256 place = askWithdrawal(ALICE, to, amount);
        if (amount > there) vm.expectRevert("Transfer failed");
        endpoint.deliver(place);
        vm.assertEq(balance(to), amount > there ? 0 : amount);
        vm.assertEq(balance(accountOf(BOB)), 1 ether);
    }

    // Direct: answers, and what becomes of those that do not come

    function test_direct__should_give_each_user_a_key_of_its_own() public {
        build(address(direct));
        endpoint.deliver{value: directFee(1)}(askKey(ALICE));
        endpoint.deliver{value: directFee(1)}(askKey(BOB));
        answerKey(EVM, accountOf(BOB), WALLET);
        answerKey(EVM, accountOf(ALICE), WALLET);
        vm.assertEq(direct.getZrKey(EVM, accountOf(ALICE), 0), WALLET);
    }

    /// @dev What an answer leaves is its user's, and pays for the next request.
    function test_direct__should_refund_the_user_that_paid() public {
        build(address(direct));
        endpoint.deliver{value: directFee(1)}(askKey(ALICE));
        answerKey(EVM, accountOf(ALICE), WALLET);
        uint256 change = balance(accountOf(ALICE));
        vm.assertEq(change, netResp() - RELAYER.balance);
        vm.assertTrue(change > netResp() / 2);
        vm.assertEq(direct.refundCredit(accountOf(ALICE)), 0);
        endpoint.deliver(askWithdrawal(ALICE, payable(ALICE), change));
        vm.assertEq(balance(accountOf(ALICE)), 0);
    }

    function test_direct__should_let_the_user_that_paid_take_a_request_back(address thief) public {
        vm.assume(thief != ALICE && thief.code.length == 0 && uint160(thief) > 0xFFFF);
        vm.deal(thief, 1 ether);
        build(address(direct));
        endpoint.deliver{value: directFee(1)}(askKey(ALICE));
        answerKey(EVM, accountOf(ALICE), WALLET);
        endpoint.deliver{value: directFee(1)}(askSignature(ALICE, 0, "payload"));
        uint256 before = balance(accountOf(ALICE));
        clock.warp(block.timestamp + 1 days);
        uint256 stolen = askCancellation(thief, 0, "payload");
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestMismatch.selector, 0));
        endpoint.deliver(stolen);
        endpoint.deliver(askCancellation(ALICE, 0, "payload"));
        vm.assertEq(balance(accountOf(ALICE)), before + netResp());
    }

    function test_direct__should_let_the_user_that_paid_take_a_key_request_back() public {
        build(address(direct));
        endpoint.deliver{value: directFee(1)}(askKey(ALICE));
        clock.warp(block.timestamp + 1 days);
        uint256 stolen = askKeyCancellation(BOB);
        vm.expectRevert(IRefunds.NothingToCancel.selector);
        endpoint.deliver(stolen);
        endpoint.deliver(askKeyCancellation(ALICE));
        vm.assertEq(balance(accountOf(ALICE)), netResp());
    }

    /// @dev A stranger's open key request for an account does not stop its user: the key is the user's.
    function test_direct__should_not_be_stopped_by_a_strangers_request() public {
        build(address(direct));
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(accountOf(ALICE), EVM, 1));
        endpoint.deliver{value: directFee(1)}(askKey(ALICE));
        answerKey(EVM, accountOf(ALICE), WALLET);
        endpoint.deliver{value: directFee(1)}(askSignature(ALICE, 0, "payload"));
        vm.assertEq(direct.getTraceId(), 1);
    }

    function test_nonces__should_be_of_any_order(uint32 eid, bytes32 sender) public view {
        vm.assertEq(forwarder.nextNonce(eid, sender), 0);
    }
}
