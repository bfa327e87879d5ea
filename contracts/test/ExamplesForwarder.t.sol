// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

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
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
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

    function accountOf(address user) internal view returns (bytes32) {
        return forwarder.accountOf(REMOTE, to32(user));
    }

    function askKey(address user, bytes32 walletTypeId) internal returns (uint256 place) {
        place = endpoint.count();
        vm.prank(user);
        requester.reqZrKey{value: 1 gwei}(ForwardedRequests.Key(walletTypeId, 1), "");
    }

    function askSignature(address user, uint256 index, bytes memory payload) internal returns (uint256 place) {
        place = endpoint.count();
        vm.prank(user);
        requester.reqZrSigForTx{value: 1 gwei}(ForwardedRequests.Transaction(EVM, index, CHAIN, payload, true), "");
    }

    function test_key__should_be_requested_for_the_user(address user) public {
        vm.assume(user.code.length == 0 && uint160(user) > 0xFFFF);
        vm.deal(user, 1 ether);
        uint256 place = askKey(user, EVM);
        endpoint.deliver{value: MPC_FEE}(place);
        vm.assertEq(forwarder.userOf(EVM, 0), accountOf(user));
        vm.assertEq(requester.addressToBytes32(user), to32(user));
        vm.assertEq(forwarder.getWalletIndexes(EVM, accountOf(user)).length, 1);
        vm.assertEq(omni.getWalletRegistry(EVM, 0, address(forwarder)).status, 1);
        vm.assertEq(forwarder.deposits(accountOf(user)), 0);
    }

    function test_signature__should_be_requested_with_the_users_wallet(bytes calldata payload) public {
        endpoint.deliver{value: MPC_FEE}(askKey(BOB, EVM));
        endpoint.deliver{value: MPC_FEE}(askKey(ALICE, EVM));
        uint256 place = askSignature(ALICE, 1, payload);
        vm.expectEmit(address(omni));
        emit ISign.ZrSigRequest(
            0,
            keccak256(abi.encode(block.chainid, address(omni), EVM, address(forwarder), uint256(1))),
            MPC_FEE,
            MPC_FEE,
            SignTypes.SigReqParams(EVM, 1, CHAIN, payload, address(forwarder), 1, true)
        );
        vm.expectEmit(address(forwarder));
        emit RequestForwarder.SignatureForwarded(accountOf(ALICE), 0, endpoint.guidOf(place));
        endpoint.deliver{value: MPC_FEE}(place);
    }

    function test_wallets__should_be_their_users_only(address thief, uint8 index) public {
        vm.assume(thief != ALICE && thief.code.length == 0 && uint160(thief) > 0xFFFF);
        vm.deal(thief, 1 ether);
        endpoint.deliver{value: MPC_FEE}(askKey(ALICE, EVM));
        uint256 place = askSignature(thief, index, "x");
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.NotWalletOfUser.selector, EVM, index));
        endpoint.deliver{value: 1 ether}(place);
    }

    function test_messages__should_come_from_the_endpoint(address liar, bytes32 guid) public {
        vm.assume(liar != address(endpoint));
        Origin memory origin = Origin(REMOTE, to32(address(requester)), 1);
        bytes memory message = ForwardedRequests.encode(to32(ALICE), ForwardedRequests.Key(EVM, 1));
        vm.prank(liar);
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.OnlyEndpoint.selector, liar));
        forwarder.lzReceive(origin, guid, message, address(0), "");
    }

    function test_messages__should_come_from_the_peer(uint32 eid, bytes32 sender, bytes32 guid) public {
        vm.assume(eid != REMOTE || sender != to32(address(requester)));
        bytes memory message = ForwardedRequests.encode(to32(ALICE), ForwardedRequests.Key(EVM, 1));
        vm.assertFalse(forwarder.allowInitializePath(Origin(eid, sender, 1)));
        vm.prank(address(endpoint));
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.OnlyPeer.selector, eid, sender));
        forwarder.lzReceive(Origin(eid, sender, 1), guid, message, address(0), "");
    }

    function test_messages__should_be_of_nobody_after_the_peer_was_removed() public {
        forwarder.setPeer(REMOTE, 0);
        uint256 place = askKey(ALICE, EVM);
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.OnlyPeer.selector, REMOTE, to32(address(requester))));
        endpoint.deliver(place);
        vm.assertFalse(forwarder.allowInitializePath(Origin(REMOTE, 0, 1)));
    }

    function test_messages__should_be_served_once() public {
        uint256 place = askKey(ALICE, EVM);
        endpoint.deliver{value: MPC_FEE}(place);
        bytes32 guid = endpoint.guidOf(place);
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.AlreadyServed.selector, guid));
        endpoint.deliver{value: MPC_FEE}(place);
    }

    function test_unknown_kinds__should_be_refused(uint8 kind) public {
        vm.assume(kind != 1 && kind != 2);
        vm.prank(address(endpoint));
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.UnknownKind.selector, kind));
        forwarder.lzReceive(
            Origin(REMOTE, to32(address(requester)), 1), 0, abi.encode(kind, to32(ALICE), bytes("")), address(0), ""
        );
    }

    // Who pays

    function test_deposits__should_pay_for_their_own_user_only(uint88 alices, uint88 bobs) public {
        forwarder.deposit{value: bobs}(accountOf(BOB));
        forwarder.deposit{value: alices}(accountOf(ALICE));
        uint256 place = askKey(ALICE, EVM);
        bool enough = alices >= MPC_FEE;
        if (!enough && uint256(alices) + bobs >= MPC_FEE) {
            vm.expectRevert(abi.encodeWithSelector(RequestForwarder.InsufficientDeposit.selector, MPC_FEE, alices));
        } else if (!enough) {
            clock.expectRevert();
        }
        endpoint.deliver(place);
        vm.assertEq(forwarder.deposits(accountOf(BOB)), bobs);
        vm.assertEq(forwarder.deposits(accountOf(ALICE)), enough ? alices - MPC_FEE : alices);
        vm.assertEq(forwarder.totalDeposits(), address(forwarder).balance);
    }

    function test_refused_message__should_be_delivered_again_once_it_is_paid_for() public {
        uint256 place = askKey(ALICE, EVM);
        clock.expectRevert();
        endpoint.deliver(place);
        forwarder.deposit{value: MPC_FEE}(accountOf(ALICE));
        endpoint.deliver(place);
        vm.assertEq(forwarder.userOf(EVM, 0), accountOf(ALICE));
    }

    function test_owner__should_take_no_deposit(uint88 deposited, uint88 sent, uint96 wanted) public {
        forwarder.deposit{value: deposited}(accountOf(ALICE));
        (bool taken,) = address(forwarder).call{value: sent}("");
        vm.assertTrue(taken);
        if (wanted > sent) {
            vm.expectRevert(abi.encodeWithSelector(RequestForwarder.DepositsAreUsers.selector, sent, wanted));
        }
        forwarder.withdraw(payable(address(this)), wanted);
        vm.assertTrue(address(forwarder).balance >= deposited);
    }

    function test_withdrawal__should_fail_whole_when_nobody_takes_it() public {
        (bool taken,) = address(forwarder).call{value: 5}("");
        vm.assertTrue(taken);
        vm.expectRevert("Transfer failed");
        forwarder.withdraw(payable(address(requester)), 5);
        vm.assertEq(address(forwarder).balance, 5);
    }

    function test_strangers__should_neither_name_peers_nor_withdraw(address stranger) public {
        vm.assume(stranger != address(this));
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        forwarder.setPeer(1, bytes32(uint256(1)));
        vm.expectRevert(refusal);
        forwarder.withdraw(payable(stranger), 0);
        vm.stopPrank();
    }

    function test_public_requests__should_be_closed_to_everybody(address caller) public {
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.NotPermitted.selector, bytes4(0x60a48995)));
        forwarder.requestNewEVMWallet(1);
    }

    function test_surplus_of_sending__should_go_back_to_the_user(uint64 value) public {
        vm.assume(value >= 1 gwei && value < 10 ether);
        vm.prank(ALICE);
        requester.reqZrKey{value: value}(ForwardedRequests.Key(EVM, 1), "");
        vm.assertEq(ALICE.balance, 10 ether - 1 gwei);
        vm.assertEq(requester.calculateFee("", ""), 1 gwei);
    }

    // Indexes

    function test_indexes__should_pass_over_wallets_that_strangers_requested(uint8 strangers) public {
        strangers = strangers % 40;
        for (uint256 i = 0; i < strangers; i++) {
            omni.zrKeyReq{value: MPC_FEE}(SignTypes.ZrKeyReqParams(address(forwarder), EVM, 1));
        }
        uint256 place = askKey(ALICE, EVM);
        if (strangers > 32) {
            vm.expectRevert(abi.encodeWithSelector(RequestForwarder.KeyPending.selector, EVM));
            endpoint.deliver{value: MPC_FEE}(place);
            forwarder.skipTaken(EVM, 100);
        }
        endpoint.deliver{value: MPC_FEE}(place);
        vm.assertEq(forwarder.userOf(EVM, strangers), accountOf(ALICE));
        for (uint256 i = 0; i < strangers; i++) {
            vm.assertEq(forwarder.userOf(EVM, i), bytes32(0));
        }
    }

    /// @dev Direct has one open key of a type and owner: a second request would only top it up.
    function test_direct__should_give_each_user_a_key_of_its_own() public {
        build(address(direct));
        uint256 first = askKey(ALICE, EVM);
        uint256 second = askKey(BOB, EVM);
        endpoint.deliver{value: directFee(1)}(first);
        vm.expectRevert(abi.encodeWithSelector(RequestForwarder.KeyPending.selector, EVM));
        endpoint.deliver{value: directFee(1)}(second);
        answerKey(EVM, address(forwarder), "0x000000000000000000000000000000000000dEaD");
        endpoint.deliver{value: directFee(1)}(second);
        vm.assertEq(forwarder.userOf(EVM, 0), accountOf(ALICE));
        vm.assertEq(forwarder.userOf(EVM, 1), accountOf(BOB));
        vm.assertTrue(forwarder.totalDeposits() <= address(forwarder).balance);
    }

    function test_nonces__should_be_of_any_order(uint32 eid, bytes32 sender) public view {
        vm.assertEq(forwarder.nextNonce(eid, sender), 0);
    }
}
