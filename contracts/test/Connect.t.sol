// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ZrSignConnect} from "../src/ZrSignConnect.sol";
import {ZrSignConnectBase} from "../src/ZrSignConnectBase.sol";
import {MessageSigner} from "../src/examples/MessageSigner.sol";
import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignOmni} from "../src/interfaces/IZrSignOmni.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {ConnectFixture} from "./ConnectFixture.sol";

/// @dev A dApp whose author forgot every guard.
contract Careless is ZrSignConnect {
    bool public refuses;

    constructor(address payable zrSign) ZrSignConnect(zrSign) {}

    function refuse(bool refuses_) external {
        refuses = refuses_;
    }

    function hash(bytes32 typeId, bytes32 chain, bytes32 digest) external payable returns (uint256) {
        return reqSignForHash(typeId, 0, chain, digest);
    }

    function hashes(bytes32 chain, uint256 count, uint256 maxFee) external payable feeAtMost(maxFee) {
        for (uint256 i = 0; i < count; i++) {
            reqSignForHash(EVM_WALLET_TYPE, 0, chain, bytes32(i));
        }
    }

    function message(bytes32 chain, bytes calldata text) external payable returns (uint256) {
        return reqSignForMessage(0, chain, text);
    }

    function transaction(bytes32 typeId, bytes32 chain, bytes calldata payload) external payable returns (uint256) {
        return reqSignForTx(typeId, 0, chain, payload, true);
    }

    function simple(bytes32 typeId, bytes32 chain, string calldata to, uint256 value)
        external
        payable
        returns (uint256)
    {
        return reqSignForSimpleTx(typeId, 0, chain, to, value, "", true);
    }

    function data(bytes32 typeId, bytes32 chain, bytes calldata content) external payable returns (uint256) {
        return reqSignForData(typeId, 0, chain, content);
    }

    function key(bytes32 typeId) external payable {
        reqNewWallet(typeId, 1);
    }

    function twoWallets() external payable returnsSurplus {
        requestNewEVMWallet(1);
        requestNewSolanaWallet(1);
    }

    function twoWalletsUnguarded() external payable {
        requestNewEVMWallet(1);
        requestNewSolanaWallet(1);
    }

    function claimAndReturn() external payable returnsSurplus {
        claimRefund();
    }

    function payForWallet() external payable callerPays {
        reqNewWallet(EVM_WALLET_TYPE, 1);
    }

    receive() external payable override {
        require(!refuses, "refused");
        emit Received(msg.sender, msg.value);
    }
}

/// @dev A dApp with a rule of its own: anybody may ask for hashes, nobody for anything else.
contract HashesOnly is ZrSignConnectBase {
    constructor(address payable zrSign) ZrSignConnectBase(zrSign) {}

    function hash(bytes32 chain, bytes32 digest) external returns (uint256) {
        return reqSignForHash(EVM_WALLET_TYPE, 0, chain, digest);
    }

    function _authorizeSpend(address, bytes4 request) internal pure override {
        require(request == REQUEST_HASH, "hashes only");
    }
}

contract Spender {
    bool public takes;

    constructor(bool takes_) {
        takes = takes_;
    }

    function wallet(Careless dapp, uint256 value) external payable {
        dapp.requestNewEVMWallet{value: value}(1);
    }

    receive() external payable {
        require(takes, "refused");
    }
}

/// @dev Asks again while it gets its surplus.
contract Reentrant {
    Careless internal immutable DAPP;
    uint256 public depth;

    constructor(Careless dapp) payable {
        DAPP = dapp;
    }

    function wallet(uint256 value) external {
        DAPP.requestNewEVMWallet{value: value}(1);
    }

    receive() external payable {
        if (depth++ < 3) DAPP.requestNewSolanaWallet{value: msg.value}(1);
    }
}

contract ConnectTest is ConnectFixture {
    Careless internal dapp;
    bytes32 internal spenderRole;

    function setUp() public override {
        super.setUp();
        dapp = new Careless(payable(address(direct)));
        spenderRole = dapp.SPENDER_ROLE();
        vm.deal(address(dapp), 10 ether);
        registerWallet(address(dapp), 2);
    }

    function expectRefusal(address caller) internal {
        vm.prank(caller);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, caller, spenderRole)
        );
    }

    function expectRequest(uint256 traceId, bytes memory payload, uint8 reqType, bool broadcast) internal {
        bytes32 walletId = keccak256(abi.encode(block.chainid, address(direct), EVM, address(dapp), uint256(0)));
        vm.expectEmit(address(direct));
        emit ISign.ZrSigRequest(
            traceId,
            walletId,
            directFee(2),
            2 * MPC_FEE,
            SignTypes.SigReqParams(EVM, 0, CHAIN, payload, address(dapp), reqType, broadcast)
        );
    }

    // Who spends

    function test_strangers__should_spend_nothing_even_where_no_function_is_guarded(
        address stranger,
        bytes32 digest,
        bytes calldata payload
    ) public {
        vm.assume(stranger != address(this));
        uint256 before = address(dapp).balance;
        expectRefusal(stranger);
        dapp.requestNewEVMWallet(1);
        expectRefusal(stranger);
        dapp.requestNewBTCWallet(2);
        expectRefusal(stranger);
        dapp.requestNewSolanaWallet(1);
        expectRefusal(stranger);
        dapp.requestNewWallet(BTC, 1);
        expectRefusal(stranger);
        dapp.key(EVM);
        expectRefusal(stranger);
        dapp.hash(EVM, CHAIN, digest);
        expectRefusal(stranger);
        dapp.message(CHAIN, payload);
        expectRefusal(stranger);
        dapp.transaction(EVM, CHAIN, payload);
        expectRefusal(stranger);
        dapp.simple(EVM, CHAIN, "somewhere", 1);
        expectRefusal(stranger);
        dapp.cancelRequest(0, false, digest);
        expectRefusal(stranger);
        dapp.cancelKeyRequest(EVM, 0);
        expectRefusal(stranger);
        dapp.data(EVM, CHAIN, payload);
        expectRefusal(stranger);
        dapp.linkAccount("zen1");
        vm.assertEq(address(dapp).balance, before);
        vm.assertEq(direct.getTraceId(), 0);
    }

    function test_spenders__should_come_and_go_with_their_role(address spender) public {
        vm.assume(spender != address(this));
        dapp.grantRole(spenderRole, spender);
        vm.prank(spender);
        vm.assertEq(dapp.hash(EVM, CHAIN, bytes32(0)), 0);
        dapp.revokeRole(spenderRole, spender);
        expectRefusal(spender);
        dapp.hash(EVM, CHAIN, bytes32(0));
    }

    function test_spenders__should_not_make_spenders(address spender, address friend) public {
        vm.assume(spender != address(this));
        dapp.grantRole(spenderRole, spender);
        vm.prank(spender);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, spender, bytes32(0))
        );
        dapp.grantRole(spenderRole, friend);
    }

    function test_hook__should_replace_the_role(address anybody, bytes32 digest) public {
        HashesOnly own = new HashesOnly(payable(address(direct)));
        vm.deal(address(own), 1 ether);
        registerWallet(address(own), 1);
        vm.prank(anybody);
        vm.assertEq(own.hash(CHAIN, digest), 0);
        vm.prank(anybody);
        vm.expectRevert("hashes only");
        own.requestNewEVMWallet(1);
    }

    // Requests

    function test_requests__should_give_their_trace_ids(uint8 count) public {
        for (uint256 i = 0; i < count % 8; i++) {
            vm.assertEq(dapp.hash(EVM, CHAIN, bytes32(i)), i);
        }
        vm.assertEq(dapp.transaction(EVM, CHAIN, "x"), count % 8);
    }

    function test_hash__should_be_requested_as_it_is(bytes32 digest) public {
        expectRequest(0, abi.encodePacked(digest), 0, false);
        dapp.hash(EVM, CHAIN, digest);
    }

    function test_message__should_be_requested_as_its_eip191_digest(uint8 length) public {
        bytes memory text = new bytes(length);
        bytes memory digits = length < 10
            ? abi.encodePacked(uint8(48 + length))
            : length < 100
                ? abi.encodePacked(uint8(48 + length / 10), uint8(48 + length % 10))
                : abi.encodePacked(uint8(48 + length / 100), uint8(48 + length / 10 % 10), uint8(48 + length % 10));
        bytes32 digest = keccak256(bytes.concat("\x19Ethereum Signed Message:\n", digits, text));
        expectRequest(0, abi.encodePacked(digest), 0, false);
        dapp.message(CHAIN, text);
    }

    function test_data__should_be_requested_as_it_is(bytes calldata content) public {
        expectRequest(0, content, 3, false);
        dapp.data(EVM, CHAIN, content);
    }

    function test_simple__should_say_only_recipient_and_value(string calldata to, uint256 value) public {
        bytes memory payload = SignTypes.encodeSimple(SignTypes.SimpleTx(to, value, ""));
        vm.assertEq(bytes32(bytes4(payload)), bytes32(bytes4(0x4dbda8d6)));
        expectRequest(0, payload, 2, true);
        dapp.simple(EVM, CHAIN, to, value);
    }

    function test_transaction__should_be_requested_as_it_is(bytes calldata payload) public {
        expectRequest(0, payload, 1, true);
        dapp.transaction(EVM, CHAIN, payload);
    }

    function test_simpleTx__should_decode_what_was_encoded(string calldata to, uint256 value, bytes calldata data)
        public
        pure
    {
        bytes memory payload = SignTypes.encodeSimple(SignTypes.SimpleTx(to, value, data));
        (string memory seenTo, uint256 seenValue, bytes4 signature, bytes memory seenData) =
            SignTypes.decodeSimpleTx(payload);
        vm.assertEq(seenTo, to);
        vm.assertEq(seenValue, value);
        vm.assertEq(bytes32(signature), bytes32(bytes4(0x4dbda8d6)));
        vm.assertEq(seenData, data);
    }

    function test_wallets__should_be_of_the_type_that_was_asked_for() public {
        dapp.requestNewEVMWallet(1);
        answerKey(EVM, address(dapp), "0x000000000000000000000000000000000000bEEF");
        dapp.requestNewBTCWallet(2);
        answerKey(BTC, address(dapp), BTC_WALLET);
        dapp.requestNewSolanaWallet(1);
        answerKey(SOLANA, address(dapp), "11111111111111111111111111111111");
        vm.assertEq(dapp.getEVMWallets().length, 2);
        vm.assertEq(dapp.getEVMWallet(1), "0x000000000000000000000000000000000000bEEF");
        vm.assertEq(dapp.getBTCWallet(0), BTC_WALLET);
        vm.assertEq(dapp.getBTCWallets()[0], BTC_WALLET);
        vm.assertEq(dapp.getSolanaWallet(0), "11111111111111111111111111111111");
        vm.assertEq(dapp.getSolanaWallets().length, 1);
        vm.assertEq(dapp.getWallet(BTC, 0), BTC_WALLET);
        vm.assertEq(direct.getWalletRegistry(BTC, 0, address(dapp)).options, 2);
    }

    function test_mainnet_wallet__should_need_a_deployment_that_supports_it() public {
        bytes32 mainnet = dapp.BTC_MAINNET_WALLET_TYPE();
        vm.expectRevert(abi.encodeWithSelector(ISign.WalletTypeNotSupported.selector, mainnet));
        dapp.requestNewWallet(mainnet, 1);
    }

    // Who pays

    function test_balance__should_pay_exactly_the_fee(uint8 options) public {
        vm.assume(options != 0);
        uint256 before = address(dapp).balance;
        dapp.requestNewEVMWallet(options);
        vm.assertEq(before - address(dapp).balance, directFee(options));
    }

    function test_fee__should_not_exceed_what_the_call_allows(uint96 maxFee, uint8 raised) public {
        direct.updateMPCFee(uint256(MPC_FEE) * (1 + uint256(raised)));
        (,, uint256 fee) = direct.estimateFee(1, 0);
        uint256 before = address(dapp).balance;
        if (fee > maxFee) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.FeeAboveMaximum.selector, fee, uint256(maxFee)));
        }
        dapp.requestWallet(EVM, 1, maxFee);
        vm.assertEq(before - address(dapp).balance, fee > maxFee ? 0 : fee);
    }

    function test_fees__should_count_together_against_what_the_call_allows(uint8 times, uint8 allowed) public {
        uint256 fee = directFee(2);
        (uint256 wanted, uint256 paid) = (uint256(times) % 5, uint256(allowed) % 5);
        if (wanted > paid) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.FeeAboveMaximum.selector, fee, fee - 1));
        }
        dapp.hashes(CHAIN, wanted, paid * fee + fee - 1);
    }

    function test_ceiling__should_end_with_its_call() public {
        dapp.requestWallet(EVM, 1, directFee(1));
        dapp.requestNewEVMWallet(1);
    }

    function test_balance__should_be_named_when_it_does_not_suffice(uint96 available) public {
        uint256 fee = directFee(2);
        vm.deal(address(dapp), available % fee);
        vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.InsufficientBalance.selector, fee, available % fee));
        dapp.hash(EVM, CHAIN, bytes32(0));
        vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.InsufficientBalance.selector, fee, available % fee));
        dapp.requestNewEVMWallet(2);
    }

    function test_surplus__should_go_back_to_whoever_sent_it(uint88 value) public {
        uint256 fee = directFee(1);
        uint256 mine = address(this).balance;
        uint256 before = address(dapp).balance;
        dapp.requestNewEVMWallet{value: value}(1);
        uint256 paid = value < fee ? value : fee;
        vm.assertEq(address(this).balance, mine - paid);
        vm.assertEq(address(dapp).balance, before + paid - fee);
    }

    function test_surplus__should_be_counted_over_all_requests_of_a_call() public {
        uint256 mine = address(this).balance;
        uint256 before = address(dapp).balance;
        dapp.twoWallets{value: 1 ether}();
        vm.assertEq(address(this).balance, mine - 2 * directFee(1));
        vm.assertEq(address(dapp).balance, before);
    }

    /// @dev Two guarded functions in one call with one value: the contract's own ether pays for the second.
    function test_surplus__should_be_given_back_by_the_outermost_function_only() public {
        Careless fresh = new Careless(payable(address(direct)));
        vm.deal(address(fresh), 1 ether);
        uint256 mine = address(this).balance;
        fresh.twoWallets{value: 3 ether}();
        vm.assertEq(address(fresh).balance, 1 ether);
        vm.assertEq(address(this).balance, mine - 2 * directFee(1));
    }

    function test_surplus__should_not_be_lost_on_a_caller_that_refuses_it() public {
        Spender refusing = new Spender(false);
        vm.deal(address(refusing), 2 ether);
        dapp.grantRole(spenderRole, address(refusing));
        uint256 surplus = 1 ether - directFee(1);
        vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.SurplusRefused.selector, address(refusing), surplus));
        refusing.wallet(dapp, 1 ether);
        refusing.wallet(dapp, directFee(1));
        vm.assertEq(address(refusing).balance, 2 ether - directFee(1));
    }

    function test_surplus__should_never_take_from_the_balance_however_it_is_reentered(uint64 value) public {
        Reentrant attacker = new Reentrant(dapp);
        vm.deal(address(attacker), value);
        dapp.grantRole(spenderRole, address(attacker));
        uint256 together = address(dapp).balance + value;
        uint256 held = address(direct).balance;
        attacker.wallet(value);
        vm.assertEq(address(dapp).balance + address(attacker).balance + address(direct).balance - held, together);
        uint256 requests = (address(direct).balance - held) / directFee(1);
        vm.assertTrue(address(dapp).balance + requests * directFee(1) >= 10 ether);
    }

    function test_callerPays__should_leave_the_balance_alone(uint88 value) public {
        uint256 fee = directFee(1);
        uint256 before = address(dapp).balance;
        if (value < fee) {
            vm.expectRevert(abi.encodeWithSelector(ZrSignConnectBase.InsufficientBalance.selector, fee, value));
        }
        dapp.payForWallet{value: value}();
        vm.assertEq(address(dapp).balance, before);
    }

    // Refunds

    function test_change__should_come_back_to_the_dapp() public {
        dapp.hash(EVM, CHAIN, bytes32(0));
        uint256 before = address(dapp).balance;
        SignTypes.SignResParams memory answer = signAnswer(0, address(dapp));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        vm.assertTrue(address(dapp).balance > before);
    }

    function test_refused_change__should_wait_for_claimRefund(address anybody) public {
        dapp.hash(EVM, CHAIN, bytes32(0));
        dapp.refuse(true);
        SignTypes.SignResParams memory answer = signAnswer(0, address(dapp));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        uint256 credit = direct.refundCredit(address(dapp));
        vm.assertTrue(credit > 0);
        dapp.refuse(false);
        uint256 before = address(dapp).balance;
        vm.prank(anybody);
        dapp.claimRefund();
        vm.assertEq(address(dapp).balance, before + credit);
    }

    /// @dev Ether that came in meanwhile is the contract's, not the caller's.
    function test_surplus__should_be_no_more_than_the_caller_sent(uint32 value) public {
        dapp.hash(EVM, CHAIN, bytes32(0));
        dapp.refuse(true);
        SignTypes.SignResParams memory answer = signAnswer(0, address(dapp));
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
        dapp.refuse(false);
        uint256 credit = direct.refundCredit(address(dapp));
        uint256 before = address(dapp).balance;
        uint256 mine = address(this).balance;
        dapp.claimAndReturn{value: value}();
        vm.assertEq(address(this).balance, mine);
        vm.assertEq(address(dapp).balance, before + credit);
    }

    function test_unanswered_requests__should_be_taken_back(bytes32 digest) public {
        uint256 traceId = dapp.hash(EVM, CHAIN, digest);
        SignTypes.ZrSignParams memory asked = signParams(0, abi.encodePacked(digest), false);
        bytes32 context = direct.requestContext(address(dapp), asked, 0);
        uint256 before = address(dapp).balance;
        uint256 deadline = block.timestamp + 1 days;
        vm.expectRevert(abi.encodeWithSelector(IRefunds.TooEarly.selector, deadline));
        dapp.cancelRequest(traceId, false, context);
        clock.warp(deadline);
        dapp.cancelRequest(traceId, false, context);
        vm.assertEq(address(dapp).balance, before + netResp());
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestNotFoundOrAlreadyProcessed.selector, traceId));
        dapp.cancelRequest(traceId, false, context);
    }

    function test_unanswered_keys__should_be_taken_back() public {
        dapp.requestNewSolanaWallet(1);
        uint256 before = address(dapp).balance;
        clock.warp(block.timestamp + 1 days);
        dapp.cancelKeyRequest(SOLANA, 0);
        vm.assertEq(address(dapp).balance, before + netResp());
    }

    // Omni

    function test_omni__should_serve_the_same_dapp(bytes32 digest) public {
        Careless far = new Careless(payable(address(omni)));
        vm.deal(address(far), 1 ether);
        far.requestNewEVMWallet(1);
        vm.assertEq(far.hash(EVM, CHAIN, digest), 0);
        vm.assertEq(far.hash(EVM, CHAIN, digest), 1);
        vm.assertEq(address(far).balance, 1 ether - 3 * MPC_FEE);
    }

    function test_link__should_name_the_dapps_ledger_account(string calldata account) public {
        vm.assume(bytes(account).length > 0 && bytes(account).length <= 128);
        Careless far = new Careless(payable(address(omni)));
        vm.expectEmit(address(omni));
        emit IZrSignOmni.ZrAccountLinked(address(far), account);
        far.linkAccount(account);
    }

    // Ether

    function test_ether__should_be_taken_for_fees(uint88 value, bytes3 data) public {
        MessageSigner signer = new MessageSigner(payable(address(direct)));
        vm.expectEmit(address(signer));
        emit ZrSignConnectBase.Received(address(this), value);
        (bool taken,) = address(signer).call{value: value}("");
        vm.assertTrue(taken);
        bytes memory reason;
        (taken, reason) = address(signer).call{value: value}(abi.encodePacked(data));
        vm.assertFalse(taken);
        vm.assertEq(reason, abi.encodeWithSelector(ZrSignConnectBase.UnknownFunction.selector, bytes4(data)));
    }

    /// @dev Whoever asks a token for `permit` believes that it was done when the call succeeds.
    function test_functions_of_others__should_not_seem_to_succeed(address owner, uint256 value) public {
        MessageSigner signer = new MessageSigner(payable(address(direct)));
        bytes memory permit = abi.encodeWithSignature(
            "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)", owner, address(1), value, 0, 27, 0, 0
        );
        (bool done,) = address(signer).call(permit);
        vm.assertFalse(done);
    }
}
