// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

/// @dev A deployment with the strictness of the deployment plan. The authority signs typed answers, and somebody
/// submits them right, twice, changed, or with the context of something else; every call's fate is foretold.
contract PlannedHandler is Fixture {
    enum Attack {
        NONE,
        CONTEXT_OF_ANOTHER,
        OWNER,
        BROADCAST,
        CHANGED_AFTER_SIGNING,
        OLDER_FORM,
        STRANGER,
        COUNT
    }

    struct Asked {
        address owner;
        bool broadcast;
        bool ended;
        bytes32 context;
    }

    /// @dev Every flag but the events of the second version.
    uint8 internal constant PLANNED = 127;
    uint256 internal constant STRANGER_KEY = 0xBAD;
    string internal constant WALLET = "0x000000000000000000000000000000000000dEaD";

    address[3] public owners = [address(0x3001), address(0x3002), address(0x3003)];
    Asked[] public asked;
    uint256 public wallets;
    uint256 public wealth;
    uint256 public answered;
    uint256 public refused;
    bool public trusted = true;
    bool public surprised;
    bool public overpaid;
    bool public recordLeft;

    constructor() {
        setUp();
        demand(direct, PLANNED);
        for (uint256 i = 0; i < owners.length; i++) {
            vm.deal(owners[i], 1_000_000 ether);
        }
        vm.deal(address(this), 1_000_000 ether);
        wealth = total();
    }

    /// @dev Once: forge may call it again.
    function setUp() public override {
        if (address(direct) == address(0)) super.setUp();
    }

    function requestKey(uint8 who, uint8 options, uint64 surplus) external {
        options = options % 2 + 1;
        address owner = owners[who % 3];
        vm.prank(owner);
        direct.zrKeyReq{value: directFee(options) + surplus}(SignTypes.ZrKeyReqParams(owner, EVM, options));
    }

    function answerKey(uint8 who, uint8 options, uint40 gasPrice, uint16 padding, bool older) external {
        address owner = owners[who % 3];
        uint256 index = direct.getZrKeys(EVM, owner).length;
        SignTypes.WalletRegistry memory wallet = direct.getWalletRegistry(EVM, index, owner);
        options = options % 3;
        SignTypes.ZrKeyResParams memory answer =
            older ? keyAnswer(owner, index, WALLET) : typedKeyAnswer(owner, index, WALLET, options);
        bool due = trusted && !older && wallet.status == 1;
        vm.txGasPrice(gasPrice);
        bytes memory call = abi.encodePacked(abi.encodeCall(direct.zrKeyRes, (answer)), new bytes(padding % 4096));
        if (submit(call, bytes(WALLET).length, due)) wallets++;
    }

    function requestSignature(uint8 who, uint8 index, uint64 surplus, uint8 kind, bytes calldata payload) external {
        address owner = owners[who % 3];
        uint256 count = direct.getZrKeys(EVM, owner).length;
        if (count == 0) return;
        uint256 wallet = index % count;
        bool broadcast = kind % 3 == 1 && payload.length % 2 == 1;
        bytes memory content = kind % 3 == 0 ? abi.encode(keccak256(payload)) : payload;
        SignTypes.ZrSignParams memory params = signParams(wallet, content, broadcast);
        (,, uint256 fee) = direct.estimateFee(EVM, owner, wallet, 0);
        vm.prank(owner);
        if (kind % 3 == 0) direct.zrSignHash{value: fee + surplus}(params);
        else if (kind % 3 == 1) direct.zrSignTx{value: fee + surplus}(params);
        else direct.zrSignData{value: fee + surplus}(params);
        uint8 named = kind % 3 == 2 ? direct.IS_DATA_MASK() : kind % 3;
        asked.push(Asked(owner, broadcast, false, direct.requestContext(owner, params, named)));
    }

    /// @dev Right, or with one thing wrong; a request that has ended refuses the right answer too.
    function answerSignature(uint16 number, uint16 other, uint8 attack, uint40 gasPrice, uint16 padding) external {
        if (asked.length == 0) return;
        uint256 traceId = number % asked.length;
        Asked storage request = asked[traceId];
        Attack kind = Attack(attack % uint8(Attack.COUNT));
        SignTypes.SignResParams memory answer = attacked(traceId, kind, asked[other % asked.length].context);
        bool same = kind == Attack.CONTEXT_OF_ANOTHER && asked[other % asked.length].context == request.context;
        bool due = trusted && !request.ended && (kind == Attack.NONE || same);
        vm.txGasPrice(gasPrice);
        bytes memory call = abi.encodePacked(abi.encodeCall(direct.zrSignRes, (answer)), new bytes(padding % 4096));
        if (submit(call, answer.metaData.length + answer.signature.length, due)) {
            request.ended = true;
            answered++;
            if (direct.getRequest(traceId).commitment != 0) recordLeft = true;
        } else {
            refused++;
        }
    }

    function attacked(uint256 traceId, Attack kind, bytes32 another)
        private
        view
        returns (SignTypes.SignResParams memory answer)
    {
        Asked storage request = asked[traceId];
        if (kind == Attack.OLDER_FORM) return signAnswer(traceId, request.owner);
        address owner = kind == Attack.OWNER ? RELAYER : request.owner;
        bool broadcast = kind == Attack.BROADCAST ? !request.broadcast : request.broadcast;
        bytes32 context = kind == Attack.CONTEXT_OF_ANOTHER ? another : request.context;
        answer = typedSignAnswer(traceId, owner, broadcast, context);
        if (kind == Attack.CHANGED_AFTER_SIGNING) answer.metaData = "another";
        if (kind == Attack.STRANGER) {
            answer.authSignature = signTyped(STRANGER_KEY, address(direct), keccak256("anything"), context);
        }
    }

    function cancelSignature(uint16 number, uint24 later, bool claimsBroadcast) external {
        if (asked.length == 0) return;
        uint256 traceId = number % asked.length;
        Asked storage request = asked[traceId];
        vm.warp(block.timestamp + later);
        bool late = block.timestamp >= direct.getRequest(traceId).requestedAt + 1 days;
        vm.prank(request.owner);
        (bool done,) =
            address(direct).call(abi.encodeCall(direct.cancelRequest, (traceId, claimsBroadcast, request.context)));
        if (done != (late && !request.ended && claimsBroadcast == request.broadcast)) surprised = true;
        if (done) request.ended = true;
    }

    /// @dev The authority's key is retired, or comes back; answers that it signed before go with it.
    function toggleAuthority() external {
        bytes32 role = direct.MPC_ROLE();
        if (trusted) direct.revokeRole(role, MPC);
        else direct.grantRole(role, MPC);
        trusted = !trusted;
    }

    function withdraw() external {
        direct.withdrawMPCFees();
    }

    /// @dev Whether the answer landed, which must be whether it was due. A submitter gets no more than its gas at the
    /// base fee with the margin: what the call took, the transaction around it, the `length` bytes of the answer and
    /// two transfers; not what it appended.
    function submit(bytes memory call, uint256 length, bool due) private returns (bool done) {
        uint256 before = RELAYER.balance;
        uint256 gas = gasleft();
        vm.prank(RELAYER);
        (done,) = address(direct).call{gas: RESP_GAS}(call);
        gas = gas - gasleft() + 32_000 + 16 * length + 2 * 7_210;
        if (done != due) surprised = true;
        if (RELAYER.balance - before > gas * ((BASE_FEE * BUFFER) / 100)) overpaid = true;
    }

    /// @dev Fees and what open requests hold. These owners take every refund, so there are no credits.
    function owed() external view returns (uint256 sum) {
        sum = direct.getColletedFees();
        for (uint256 i = 0; i < owners.length; i++) {
            uint256 index = direct.getZrKeys(EVM, owners[i]).length;
            sum += direct.getWalletRegistry(EVM, index, owners[i]).value;
        }
        for (uint256 traceId = 0; traceId < asked.length; traceId++) {
            if (!asked[traceId].ended) sum += direct.getRequestState(traceId).value;
        }
    }

    /// @dev All ether that this world has.
    function total() public view returns (uint256 sum) {
        sum = address(direct).balance + address(this).balance + RELAYER.balance;
        for (uint256 i = 0; i < owners.length; i++) {
            sum += owners[i].balance;
        }
    }

    function sign() external view returns (address) {
        return address(direct);
    }

    function askedCount() external view returns (uint256) {
        return asked.length;
    }
}
