// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {CAIP2} from "@openzeppelin/contracts/utils/CAIP2.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ZrSignConnect} from "../ZrSignConnect.sol";

/// @title Example: orders at a DEX aggregator of another chain, run only after approvals
/// @notice A trader places an order: what the aggregator's router on the destination chain is to be called with, and
/// how much of that chain's coin goes along. Once enough members approved, anybody executes it, and the contract's
/// wallet on the destination chain makes the call. Works with Omni; the wallet must be monitored (options 2).
/// @dev Members approve with a signature, wherever they are: the EIP-712 domain names this contract and, as salt, its
/// chain, but has no chainId field, because wallets refuse to sign for a chain that they are not connected to.
contract ApprovedOrders is ZrSignConnect {
    /// @notice An order: the contract's wallet on the destination chain that makes the call, coin of that chain in its
    /// smallest unit, the router's call data, and the wei that the request may cost here.
    struct Order {
        uint256 walletIndex;
        uint256 value;
        bytes data;
        uint256 maxFee;
        uint64 deadline;
        Status status;
    }

    /// @notice How an order stands.
    enum Status {
        OPEN,
        EXECUTED,
        CANCELLED
    }

    bytes32 private constant DOMAIN_TYPE_HASH =
        keccak256("EIP712Domain(string name,string version,address verifyingContract,bytes32 salt)");
    bytes32 private constant ORDER_TYPE_HASH = keccak256(
        "Order(uint256 id,uint256 walletIndex,string chain,address router,uint256 value,bytes data,uint64 deadline)"
    );

    /// @notice The only contract that orders call, on the destination chain.
    address public immutable ROUTER;
    /// @notice Approvals that an order needs.
    uint256 public immutable QUORUM;
    /// @notice CAIP-2 id of the destination chain.
    string public chain;
    /// @notice Whether an account is a member.
    mapping(address account => bool) public isMember;

    Order[] private _orders;
    bool private transient _executing;

    /// @notice An order waits for approvals of `digest`.
    event OrderPlaced(uint256 indexed id, bytes32 digest);
    /// @notice An order was requested from the network.
    event OrderExecuted(uint256 indexed id, uint256 indexed traceId);
    /// @notice The trader took an order back.
    event OrderCancelled(uint256 indexed id);

    /// @notice Members are distinct and not zero, and the quorum is one of their number.
    error InvalidMembers();
    /// @notice There is no such order.
    error UnknownOrder(uint256 id);
    /// @notice The order was executed or cancelled, or its time is over.
    error OrderClosed(uint256 id);
    /// @notice Too few approvals.
    error QuorumMissing(uint256 id, uint256 approvals, uint256 quorum);
    /// @notice The signature is no member's, or signers are not in ascending order, each once.
    error InvalidApproval(address signer);

    /// @notice Fixes members, quorum and what orders may call; the deployer is the first trader.
    /// @param zrSignAddress Proxy of an Omni (or Direct) deployment.
    /// @param chain_ CAIP-2 id of the destination chain.
    /// @param router The aggregator's router there.
    /// @param members Accounts that approve.
    /// @param quorum Approvals that an order needs.
    constructor(
        address payable zrSignAddress,
        string memory chain_,
        address router,
        address[] memory members,
        uint256 quorum
    ) payable ZrSignConnect(zrSignAddress) {
        if (quorum == 0 || quorum > members.length) revert InvalidMembers();
        for (uint256 i = 0; i < members.length; i++) {
            if (members[i] == address(0) || isMember[members[i]]) revert InvalidMembers();
            isMember[members[i]] = true;
        }
        chain = chain_;
        ROUTER = router;
        QUORUM = quorum;
    }

    /// @notice Places an order. Only a trader (SPENDER_ROLE).
    /// @param walletIndex The EVM wallet of this contract: what the event of its request says, or members may approve
    /// of a wallet that cannot make the call.
    /// @param value Coin that goes along, in its smallest unit.
    /// @param data The router's call data, as the aggregator gives it: it holds the least that must come back.
    /// @param maxFee Wei of this chain that the request may cost at most. Whoever executes pays from the balance here.
    /// @param deadline Time after which it cannot be executed, in seconds since 1970.
    /// @return id Number of the order.
    function place(uint256 walletIndex, uint256 value, bytes calldata data, uint256 maxFee, uint64 deadline)
        external
        onlyRole(SPENDER_ROLE)
        returns (uint256 id)
    {
        id = _orders.length;
        _orders.push(Order(walletIndex, value, data, maxFee, deadline, Status.OPEN));
        emit OrderPlaced(id, approvalDigest(id));
    }

    /// @notice Takes an order back. Only a trader.
    /// @param id The order.
    function cancel(uint256 id) external onlyRole(SPENDER_ROLE) {
        _open(id).status = Status.CANCELLED;
        emit OrderCancelled(id);
    }

    /// @notice Executes an order that members approved. For anybody to call; ether sent along helps to pay the fee, and
    /// what is not needed of it goes back.
    /// @param id The order.
    /// @param approvals Members' signatures of `approvalDigest`, ascending by signer.
    /// @return traceId The request, as the zrSign contract numbers it.
    function execute(uint256 id, bytes[] calldata approvals) external payable returnsSurplus returns (uint256 traceId) {
        Order storage order = _open(id);
        if (approvals.length < QUORUM) revert QuorumMissing(id, approvals.length, QUORUM);
        bytes32 digest = approvalDigest(id);
        address last;
        for (uint256 i = 0; i < approvals.length; i++) {
            address signer = ECDSA.recover(digest, approvals[i]);
            if (signer <= last || !isMember[signer]) revert InvalidApproval(signer);
            last = signer;
        }
        order.status = Status.EXECUTED;
        traceId = _request(order, order.maxFee);
        emit OrderExecuted(id, traceId);
    }

    /// @notice An order.
    /// @param id Its number.
    /// @return What it says and how it stands.
    function getOrder(uint256 id) external view returns (Order memory) {
        if (id >= _orders.length) revert UnknownOrder(id);
        return _orders[id];
    }

    /// @notice What members sign: EIP-712 of Order(uint256 id,uint256 walletIndex,string chain,address router,uint256
    /// value,bytes data,uint64 deadline) in the domain "ApprovedOrders", version "1", this contract, keccak256 of this chain's CAIP-2 id
    /// as salt.
    /// @param id The order.
    /// @return Digest.
    function approvalDigest(uint256 id) public view returns (bytes32) {
        if (id >= _orders.length) revert UnknownOrder(id);
        Order storage order = _orders[id];
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPE_HASH,
                keccak256("ApprovedOrders"),
                keccak256("1"),
                address(this),
                keccak256(bytes(CAIP2.local()))
            )
        );
        bytes32 content = keccak256(
            abi.encode(
                ORDER_TYPE_HASH,
                id,
                order.walletIndex,
                keccak256(bytes(chain)),
                ROUTER,
                order.value,
                keccak256(order.data),
                order.deadline
            )
        );
        return MessageHashUtils.toTypedDataHash(domain, content);
    }

    /// @dev Traders request wallets and cancel, the administrator names a ledger account; only an executed order signs.
    function _authorizeSpend(address caller, bytes4 request) internal view override {
        if (_executing) return;
        if (request == REQUEST_LINK) {
            _checkRole(DEFAULT_ADMIN_ROLE, caller);
        } else if (request == REQUEST_KEY || request == REQUEST_CANCEL) {
            super._authorizeSpend(caller, request);
        } else {
            revert AccessControlUnauthorizedAccount(caller, bytes32(request));
        }
    }

    function _request(Order storage order, uint256 maxFee) private feeAtMost(maxFee) returns (uint256 traceId) {
        _executing = true;
        traceId = reqSignForSimpleTx(
            EVM_WALLET_TYPE,
            order.walletIndex,
            toChainId(chain),
            toChecksumHexString(ROUTER),
            order.value,
            order.data,
            true
        );
        _executing = false;
    }

    function _open(uint256 id) private view returns (Order storage order) {
        if (id >= _orders.length) revert UnknownOrder(id);
        order = _orders[id];
        if (order.status != Status.OPEN || block.timestamp > order.deadline) revert OrderClosed(id);
    }
}
