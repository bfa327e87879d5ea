// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnectBase} from "../ZrSignConnectBase.sol";

/// @title Example: a treasury that holds bitcoin and pays by vote
/// @notice Its members propose payments and approve them; a payment with enough approvals is requested once, by
/// anybody. The network finds coins and fee, and the ledger verifies both against recipient and value.
/// @dev Nobody owns it. Ether sent to it pays for requests; there is no way to take it out.
contract BitcoinTreasury is ZrSignConnectBase {
    /// @notice A payment: bitcoin address, satoshis, the treasury's wallet that pays, the wei that its request may cost,
    /// and when approval ends.
    struct Payment {
        string to;
        uint256 sats;
        uint256 walletIndex;
        uint256 maxFee;
        uint64 deadline;
        uint32 approvals;
        bool requested;
    }

    uint8 private constant MONITORED = 2;
    uint256 private constant MAX_ADDRESS_LENGTH = 90;

    /// @notice Bitcoin's wallet type of the network that this treasury is on.
    bytes32 public immutable WALLET_TYPE;
    /// @notice keccak256 of that network's CAIP-2 id.
    bytes32 public immutable NETWORK;
    /// @notice Approvals that a payment needs.
    uint256 public immutable QUORUM;

    /// @notice Whether an account is a member.
    mapping(address account => bool) public isMember;
    /// @notice Whether a member approves of a payment.
    mapping(uint256 id => mapping(address member => bool)) public approves;

    Payment[] private _payments;
    bytes4 private transient _permitted;

    /// @notice A payment is to be voted on.
    event PaymentProposed(
        uint256 indexed id, address indexed member, string to, uint256 sats, uint256 walletIndex, uint256 maxFee
    );
    /// @notice A member approves of a payment, or does so no more.
    event PaymentVoted(uint256 indexed id, address indexed member, bool approves, uint256 approvals);
    /// @notice A payment was requested from the network.
    event PaymentRequested(uint256 indexed id, uint256 indexed traceId);

    /// @notice Members are distinct and not zero, and the quorum is one of their number.
    error InvalidMembers();
    /// @notice Only a member may do this.
    error NotMember(address account);
    /// @notice Address, value or deadline cannot be right.
    error InvalidPayment();
    /// @notice There is no such payment.
    error UnknownPayment(uint256 id);
    /// @notice The member's vote is that already.
    error VoteUnchanged(uint256 id, address member);
    /// @notice The payment was requested, or its time is over.
    error PaymentClosed(uint256 id);
    /// @notice The payment has not enough approvals.
    error QuorumMissing(uint256 id, uint256 approvals, uint256 quorum);
    /// @notice Only opening a wallet and executing a payment make requests.
    error NotPermitted(bytes4 request);

    modifier onlyMember() {
        if (!isMember[msg.sender]) revert NotMember(msg.sender);
        _;
    }

    modifier permits(bytes4 request) {
        _permitted = request;
        _;
        _permitted = 0;
    }

    /// @notice Fixes the members, their quorum and the network.
    /// @param zrSignAddress Proxy of a Direct or Omni deployment.
    /// @param walletTypeId BTC_WALLET_TYPE (test networks) or BTC_MAINNET_WALLET_TYPE.
    /// @param network keccak256 of the network's CAIP-2 id.
    /// @param members Accounts that vote.
    /// @param quorum Approvals that a payment needs.
    constructor(
        address payable zrSignAddress,
        bytes32 walletTypeId,
        bytes32 network,
        address[] memory members,
        uint256 quorum
    ) payable ZrSignConnectBase(zrSignAddress) {
        if (quorum == 0 || quorum > members.length) revert InvalidMembers();
        for (uint256 i = 0; i < members.length; i++) {
            if (members[i] == address(0) || isMember[members[i]]) revert InvalidMembers();
            isMember[members[i]] = true;
        }
        WALLET_TYPE = walletTypeId;
        NETWORK = network;
        QUORUM = quorum;
    }

    /// @notice Requests a Bitcoin wallet of the treasury. The member pays for it; what is too much goes back. Payments name
    /// the wallet by the index in the event: a stranger may have requested wallets for the treasury.
    function openWallet() external payable onlyMember callerPays permits(REQUEST_KEY) {
        reqNewWallet(WALLET_TYPE, MONITORED);
    }

    /// @notice Proposes a payment, and approves of it.
    /// @param to Bitcoin address.
    /// @param sats Satoshis.
    /// @param walletIndex The treasury's wallet that pays.
    /// @param maxFee Wei that the request may cost at most. Whoever executes pays from the treasury's ether.
    /// @param deadline Time after which it can be neither approved nor executed, in seconds since 1970.
    /// @return id Number of the payment.
    function propose(string calldata to, uint256 sats, uint256 walletIndex, uint256 maxFee, uint64 deadline)
        external
        onlyMember
        returns (uint256 id)
    {
        uint256 length = bytes(to).length;
        if (length == 0 || length > MAX_ADDRESS_LENGTH || sats == 0 || deadline <= block.timestamp) {
            revert InvalidPayment();
        }
        id = _payments.length;
        _payments.push(Payment(to, sats, walletIndex, maxFee, deadline, 0, false));
        emit PaymentProposed(id, msg.sender, to, sats, walletIndex, maxFee);
        vote(id, true);
    }

    /// @notice Executes a payment that has its approvals. For anybody to call; ether sent along helps to pay the fee,
    /// and what is not needed of it goes back.
    /// @param id The payment.
    /// @return traceId The request, as the zrSign contract numbers it.
    function execute(uint256 id) external payable returnsSurplus returns (uint256 traceId) {
        Payment storage open = _open(id);
        if (open.approvals < QUORUM) revert QuorumMissing(id, open.approvals, QUORUM);
        open.requested = true;
        traceId = _request(open, open.maxFee);
        emit PaymentRequested(id, traceId);
    }

    /// @notice A payment.
    /// @param id Its number.
    /// @return What it says and how it stands.
    function payment(uint256 id) external view returns (Payment memory) {
        if (id >= _payments.length) revert UnknownPayment(id);
        return _payments[id];
    }

    /// @notice How many payments were proposed.
    /// @return Number; ids run below it.
    function paymentCount() external view returns (uint256) {
        return _payments.length;
    }

    /// @notice Approves of a payment, or takes an approval back.
    /// @param id The payment.
    /// @param approve Whether the caller approves of it.
    function vote(uint256 id, bool approve) public onlyMember {
        Payment storage open = _open(id);
        if (approves[id][msg.sender] == approve) revert VoteUnchanged(id, msg.sender);
        approves[id][msg.sender] = approve;
        open.approvals = approve ? open.approvals + 1 : open.approvals - 1;
        emit PaymentVoted(id, msg.sender, approve, open.approvals);
    }

    /// @inheritdoc ZrSignConnectBase
    function _authorizeSpend(address caller, bytes4 request) internal view override {
        if (request == REQUEST_CANCEL && isMember[caller]) return;
        if (request != _permitted) revert NotPermitted(request);
    }

    function _request(Payment storage open, uint256 maxFee)
        private
        permits(REQUEST_SIMPLE_TX)
        feeAtMost(maxFee)
        returns (uint256 traceId)
    {
        return reqSignForSimpleTx(WALLET_TYPE, open.walletIndex, NETWORK, open.to, open.sats, "", true);
    }

    function _open(uint256 id) private view returns (Payment storage open) {
        if (id >= _payments.length) revert UnknownPayment(id);
        open = _payments[id];
        if (open.requested || block.timestamp > open.deadline) revert PaymentClosed(id);
    }
}
