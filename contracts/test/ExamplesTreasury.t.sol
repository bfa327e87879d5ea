// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnectBase} from "../src/ZrSignConnectBase.sol";
import {BitcoinTreasury} from "../src/examples/BitcoinTreasury.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Clock, ConnectFixture} from "./ConnectFixture.sol";
import {Vm} from "./Vm.sol";

/// @dev Executes again while it gets its surplus.
contract GreedyExecutor {
    BitcoinTreasury internal immutable TREASURY;
    uint256 public failures;

    constructor(BitcoinTreasury treasury) payable {
        TREASURY = treasury;
    }

    function execute(uint256 id) external {
        TREASURY.execute{value: 1 ether}(id);
    }

    receive() external payable {
        try TREASURY.execute{value: msg.value}(0) {}
        catch {
            failures++;
        }
    }
}

abstract contract TreasuryFixture is ConnectFixture {
    address internal constant ALICE = address(0xA1);
    address internal constant BOB = address(0xB0);
    address internal constant CAROL = address(0xCA);
    string internal constant PAYEE = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk";

    BitcoinTreasury internal treasury;
    uint64 internal deadline;

    function setUp() public virtual override {
        super.setUp();
        treasury = treasuryOf(address(direct));
        deadline = uint64(block.timestamp + 1 days);
        vm.deal(ALICE, 100 ether);
        vm.deal(address(treasury), 1 ether);
        vm.prank(ALICE);
        treasury.openWallet{value: directFee(2)}();
        answerKey(BTC, address(treasury), BTC_WALLET);
    }

    function treasuryOf(address zrSign) internal returns (BitcoinTreasury) {
        address[] memory members = new address[](3);
        (members[0], members[1], members[2]) = (ALICE, BOB, CAROL);
        return new BitcoinTreasury(payable(zrSign), BTC, REGTEST, members, 2);
    }

    function propose(uint256 sats) internal returns (uint256) {
        vm.prank(ALICE);
        return treasury.propose(PAYEE, sats, 0, NO_CEILING, deadline);
    }

    function vote(address member, uint256 id, bool approve) internal {
        vm.prank(member);
        treasury.vote(id, approve);
    }
}

contract ExamplesTreasuryTest is TreasuryFixture {
    function expectMissing(uint256 id, uint256 approvals) internal {
        vm.expectRevert(abi.encodeWithSelector(BitcoinTreasury.QuorumMissing.selector, id, approvals, 2));
    }

    /// @dev What one call may ask for is over with it, also within the same transaction.
    function test_permission__should_end_with_its_call(bool forKey) public {
        uint256 id = propose(1);
        vote(BOB, id, true);
        if (forKey) {
            vm.prank(ALICE);
            treasury.openWallet{value: directFee(2)}();
        } else {
            treasury.execute(id);
        }
        vm.deal(address(treasury), 10 ether);
        vm.expectRevert(abi.encodeWithSelector(BitcoinTreasury.NotPermitted.selector, ISign.zrKeyReq.selector));
        treasury.requestNewBTCWallet(2);
    }

    // Paying

    function test_payment__should_be_requested_as_it_was_voted(uint256 sats, address anybody) public {
        vm.assume(sats != 0);
        uint256 id = propose(sats);
        vote(BOB, id, true);
        bytes memory payload = SignTypes.encodeSimple(SignTypes.SimpleTx(PAYEE, sats, ""));
        vm.expectEmit(address(direct));
        emit ISign.ZrSigRequest(
            0,
            keccak256(abi.encode(block.chainid, address(direct), BTC, address(treasury), uint256(0))),
            directFee(2),
            2 * MPC_FEE,
            SignTypes.SigReqParams(BTC, 0, REGTEST, payload, address(treasury), 2, true)
        );
        vm.expectEmit(address(treasury));
        emit BitcoinTreasury.PaymentRequested(id, 0);
        vm.prank(anybody);
        vm.assertEq(treasury.execute(id), 0);
        vm.assertTrue(treasury.payment(id).requested);
    }

    function test_payment__should_be_requested_once(uint256 sats) public {
        vm.assume(sats != 0);
        uint256 id = propose(sats);
        vote(CAROL, id, true);
        treasury.execute(id);
        vm.expectRevert(abi.encodeWithSelector(BitcoinTreasury.PaymentClosed.selector, id));
        treasury.execute(id);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(BitcoinTreasury.PaymentClosed.selector, id));
        treasury.vote(id, true);
        vm.assertEq(direct.getTraceId(), 1);
    }

    function test_payment__should_need_its_quorum(uint8 votes) public {
        uint256 id = propose(1000);
        expectMissing(id, 1);
        treasury.execute(id);
        if (votes & 1 != 0) vote(BOB, id, true);
        if (votes & 2 != 0) vote(CAROL, id, true);
        if (votes & 4 != 0) vote(ALICE, id, false);
        uint256 approvals = 1 + (votes & 1) + (votes >> 1 & 1) - (votes >> 2 & 1);
        vm.assertEq(treasury.payment(id).approvals, approvals);
        if (approvals < 2) expectMissing(id, approvals);
        treasury.execute(id);
    }

    function test_votes__should_count_once_a_member() public {
        uint256 id = propose(1000);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(BitcoinTreasury.VoteUnchanged.selector, id, ALICE));
        treasury.vote(id, true);
        vm.prank(BOB);
        vm.expectRevert(abi.encodeWithSelector(BitcoinTreasury.VoteUnchanged.selector, id, BOB));
        treasury.vote(id, false);
        expectMissing(id, 1);
        treasury.execute(id);
    }

    function test_votes__should_be_of_one_payment_only() public {
        uint256 first = propose(1000);
        uint256 second = propose(2000);
        vote(BOB, first, true);
        expectMissing(second, 1);
        treasury.execute(second);
        treasury.execute(first);
        expectMissing(second, 1);
        treasury.execute(second);
    }

    function test_votes__should_be_withdrawn_before_execution(bool again) public {
        uint256 id = propose(1000);
        vote(BOB, id, true);
        vote(BOB, id, false);
        if (again) vote(BOB, id, true);
        else expectMissing(id, 1);
        treasury.execute(id);
    }

    function test_strangers__should_neither_propose_nor_vote_nor_open(address stranger) public {
        vm.assume(!treasury.isMember(stranger));
        uint256 id = propose(1000);
        bytes memory refusal = abi.encodeWithSelector(BitcoinTreasury.NotMember.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        treasury.propose(PAYEE, 1, 0, NO_CEILING, deadline);
        vm.expectRevert(refusal);
        treasury.vote(id, true);
        vm.expectRevert(refusal);
        treasury.openWallet();
        vm.stopPrank();
    }

    function test_public_requests__should_be_closed_to_everybody(bool member, address stranger) public {
        address caller = member ? ALICE : stranger;
        bytes4 key = 0x60a48995;
        vm.startPrank(caller);
        bytes memory refusal = abi.encodeWithSelector(BitcoinTreasury.NotPermitted.selector, key);
        vm.expectRevert(refusal);
        treasury.requestNewBTCWallet(2);
        vm.expectRevert(refusal);
        treasury.requestNewEVMWallet(1);
        vm.expectRevert(refusal);
        treasury.requestNewSolanaWallet(1);
        vm.stopPrank();
    }

    function test_late_payments__should_be_closed(uint64 wait) public {
        uint256 id = propose(1000);
        vote(BOB, id, true);
        clock.warp(block.timestamp + wait);
        bool late = block.timestamp > deadline;
        if (late) vm.expectRevert(abi.encodeWithSelector(BitcoinTreasury.PaymentClosed.selector, id));
        treasury.execute(id);
    }

    function test_payments__should_be_refused_when_they_cannot_be_right(uint64 when) public {
        bytes memory refusal = abi.encodeWithSelector(BitcoinTreasury.InvalidPayment.selector);
        vm.startPrank(ALICE);
        vm.expectRevert(refusal);
        treasury.propose("", 1, 0, NO_CEILING, deadline);
        vm.expectRevert(refusal);
        treasury.propose(string(new bytes(91)), 1, 0, NO_CEILING, deadline);
        vm.expectRevert(refusal);
        treasury.propose(PAYEE, 0, 0, NO_CEILING, deadline);
        when = uint64(when % (block.timestamp + 1));
        vm.expectRevert(refusal);
        treasury.propose(PAYEE, 1, 0, NO_CEILING, when);
        vm.stopPrank();
    }

    function test_unknown_payments__should_be_named(uint256 id) public {
        bytes memory refusal = abi.encodeWithSelector(BitcoinTreasury.UnknownPayment.selector, id);
        vm.expectRevert(refusal);
        treasury.payment(id);
        vm.expectRevert(refusal);
        treasury.execute(id);
        vm.prank(ALICE);
        vm.expectRevert(refusal);
        treasury.vote(id, true);
        vm.assertEq(treasury.paymentCount(), 0);
    }

    function test_members__should_be_distinct_and_enough(uint8 quorum, bool twice, bool zero) public {
        address[] memory members = new address[](2);
        members[0] = ALICE;
        members[1] = zero ? address(0) : twice ? ALICE : BOB;
        if (zero || twice || quorum == 0 || quorum > 2) vm.expectRevert(BitcoinTreasury.InvalidMembers.selector);
        new BitcoinTreasury(payable(address(direct)), BTC, REGTEST, members, quorum);
    }

    // Paying for it

    function test_opening__should_be_paid_by_the_member(uint88 value) public {
        uint256 fee = directFee(2);
        uint256 before = address(treasury).balance;
        vm.deal(BOB, value);
        if (value < fee) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.InsufficientBalance.selector, fee, value));
        }
        vm.prank(BOB);
        treasury.openWallet{value: value}();
        vm.assertEq(address(treasury).balance, before);
        vm.assertEq(BOB.balance, value < fee ? value : value - fee);
    }

    function test_execution__should_give_back_what_the_fee_does_not_need(uint88 value) public {
        uint256 id = propose(1000);
        vote(BOB, id, true);
        uint256 fee = directFee(2);
        uint256 mine = address(this).balance;
        uint256 before = address(treasury).balance;
        treasury.execute{value: value}(id);
        vm.assertEq(mine - address(this).balance, value < fee ? value : fee);
        vm.assertEq(address(treasury).balance, value < fee ? before + value - fee : before);
    }

    function test_execution__should_not_be_reentered() public {
        uint256 id = propose(1000);
        vote(BOB, id, true);
        GreedyExecutor greedy = new GreedyExecutor(treasury);
        vm.deal(address(greedy), 1 ether);
        uint256 before = address(treasury).balance;
        greedy.execute(id);
        vm.assertEq(greedy.failures(), 1);
        vm.assertEq(direct.getTraceId(), 1);
        vm.assertEq(address(treasury).balance, before);
    }

    function test_change__should_return_to_the_treasury() public {
        uint256 id = propose(1000);
        vote(BOB, id, true);
        treasury.execute(id);
        uint256 before = address(treasury).balance;
        SignTypes.SignResParams memory answer = signAnswer(0, address(treasury));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        vm.assertTrue(address(treasury).balance > before);
    }

    function test_unanswered_payment__should_give_its_fee_back_and_stay_closed(address stranger) public {
        vm.assume(!treasury.isMember(stranger));
        uint256 id = propose(1000);
        vote(BOB, id, true);
        treasury.execute(id);
        bytes memory payload = SignTypes.encodeSimple(SignTypes.SimpleTx(PAYEE, 1000, ""));
        SignTypes.ZrSignParams memory asked = SignTypes.ZrSignParams(BTC, 0, REGTEST, payload, true);
        bytes32 context = direct.requestContext(address(treasury), asked, 2);
        clock.warp(block.timestamp + 1 days);
        vm.prank(stranger);
        clock.expectRevert();
        treasury.cancelRequest(0, true, context);
        uint256 before = address(treasury).balance;
        vm.prank(CAROL);
        treasury.cancelRequest(0, true, context);
        vm.assertEq(address(treasury).balance, before + netResp());
        vm.expectRevert(abi.encodeWithSelector(BitcoinTreasury.PaymentClosed.selector, id));
        treasury.execute(id);
    }

    function test_omni__should_serve_the_same_treasury(uint256 sats) public {
        vm.assume(sats != 0);
        treasury = treasuryOf(address(omni));
        vm.deal(address(treasury), 1 ether);
        vm.prank(ALICE);
        treasury.openWallet{value: 1 ether}();
        vm.assertEq(ALICE.balance, 100 ether - directFee(2) - 2 * MPC_FEE);
        uint256 id = propose(sats);
        vote(BOB, id, true);
        vm.assertEq(treasury.execute(id), 0);
        vm.assertEq(address(treasury).balance, 1 ether - 2 * MPC_FEE);
    }
}

/// @dev Random members do random things.
contract TreasuryActor {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    BitcoinTreasury internal immutable TREASURY;
    uint256 public executed;
    uint256 internal time = block.timestamp;
    uint256 internal calls;

    constructor(BitcoinTreasury treasury) {
        TREASURY = treasury;
    }

    function propose(uint64 seed) external {
        vm.prank(member(seed));
        try TREASURY.propose("bcrt1qpayee", seed, 0, type(uint256).max, uint64(time + 1 + some(seed, 60_000))) {}
            catch {}
    }

    function vote(uint64 seed) external {
        uint256 id = payment(seed);
        bool approve = some(seed, 5) != 0;
        vm.prank(member(seed));
        try TREASURY.vote(id, approve) {} catch {}
    }

    function execute(uint64 seed) external {
        vm.deal(address(this), seed);
        try TREASURY.execute{value: seed}(payment(seed)) {
            executed++;
        } catch {}
    }

    function wait(uint16 seconds_) external {
        time += seconds_ / 32;
        Clock(address(vm)).warp(time);
    }

    function member(uint64 seed) internal returns (address) {
        return [address(0xA1), address(0xB0), address(0xCA)][some(seed, 3)];
    }

    /// @dev One of the last payments, or one that does not exist.
    function payment(uint64 seed) internal returns (uint256) {
        uint256 count = TREASURY.paymentCount();
        return count < 3 ? some(seed, 4) : count - some(seed, 4);
    }

    /// @dev The fuzzer likes the ends of a range; this does not.
    function some(uint64 seed, uint256 range) internal returns (uint256) {
        return uint256(keccak256(abi.encode(seed, ++calls))) % range;
    }

    receive() external payable {}
}

contract ExamplesTreasuryInvariants is TreasuryFixture {
    TreasuryActor internal actor;

    function setUp() public override {
        super.setUp();
        vm.deal(address(treasury), 1000 ether);
        actor = new TreasuryActor(treasury);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actor);
    }

    function invariant_requests__should_be_the_payments_that_were_executed() public view {
        uint256 requested;
        for (uint256 id = 0; id < treasury.paymentCount(); id++) {
            BitcoinTreasury.Payment memory payment = treasury.payment(id);
            uint256 approvals;
            if (treasury.approves(id, ALICE)) approvals++;
            if (treasury.approves(id, BOB)) approvals++;
            if (treasury.approves(id, CAROL)) approvals++;
            vm.assertEq(payment.approvals, approvals);
            if (payment.requested) {
                requested++;
                vm.assertTrue(approvals >= 2);
            }
        }
        vm.assertEq(direct.getTraceId(), requested);
        vm.assertEq(actor.executed(), requested);
    }
}
