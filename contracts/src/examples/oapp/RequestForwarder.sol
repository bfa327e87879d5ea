// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {ZrSignConnectBase} from "../../ZrSignConnectBase.sol";
import {ISign} from "../../interfaces/ISign.sol";
import {ForwardedRequests} from "./ForwardedRequests.sol";
import {IMessageReceiver, Origin} from "./IMessageEndpoint.sol";

/// @title Example: an OApp-style forwarder
/// @notice Makes the requests that users of other chains send through a message endpoint. It owns every wallet, and
/// keeps for each which user may use it. A user pays from a deposit of its own, or with the value that a message brings.
/// @dev The owner names one trusted sender a chain (the peer) and can take out what belongs to no user. A message that
/// cannot be served reverts, and the endpoint can deliver it again.
contract RequestForwarder is ZrSignConnectBase, Ownable, IMessageReceiver {
    uint256 private constant MAX_SKIPPED = 32;

    /// @notice The endpoint of this chain.
    address public immutable ENDPOINT;

    /// @notice The trusted sender on a chain, by endpoint id.
    mapping(uint32 eid => bytes32) public peers;
    /// @notice Wei that a user may spend, by `accountOf`.
    mapping(bytes32 account => uint256) public deposits;
    /// @notice The user of a wallet; zero when it is nobody's.
    mapping(bytes32 walletTypeId => mapping(uint256 walletIndex => bytes32)) public userOf;
    /// @notice Whether a message was served.
    mapping(bytes32 guid => bool) public served;
    /// @notice Sum of all deposits.
    uint256 public totalDeposits;

    mapping(bytes32 walletTypeId => uint256) private _nextIndex;
    mapping(bytes32 walletTypeId => mapping(bytes32 account => uint256[])) private _indexes;
    bool private transient _serving;

    /// @notice The trusted sender of a chain changed.
    event PeerSet(uint32 indexed eid, bytes32 peer);
    /// @notice A deposit grew.
    event Deposited(bytes32 indexed account, uint256 amount);
    /// @notice A wallet was requested for a user.
    event WalletForwarded(bytes32 indexed account, bytes32 indexed walletTypeId, uint256 walletIndex, bytes32 guid);
    /// @notice A signature was requested for a user.
    event SignatureForwarded(bytes32 indexed account, uint256 indexed traceId, bytes32 guid);

    /// @notice Only the endpoint delivers messages.
    error OnlyEndpoint(address caller);
    /// @notice The chain's trusted sender is another, or it has none.
    error OnlyPeer(uint32 eid, bytes32 sender);
    /// @notice The message was served before.
    error AlreadyServed(bytes32 guid);
    /// @notice There is no such kind of message.
    error UnknownKind(uint8 kind);
    /// @notice The wallet is not the user's.
    error NotWalletOfUser(bytes32 walletTypeId, uint256 walletIndex);
    /// @notice The user's deposit is too small.
    error InsufficientDeposit(uint256 required, uint256 available);
    /// @notice Another key of this type waits for its answer, or strangers requested many: see `skipTaken`.
    error KeyPending(bytes32 walletTypeId);
    /// @notice Only messages make requests.
    error NotPermitted(bytes4 request);
    /// @notice The owner may take no user's deposit.
    error DepositsAreUsers(uint256 free, uint256 wanted);

    /// @notice Sets where messages come from and requests go; the deployer names peers.
    /// @param zrSignAddress Proxy of an Omni or Direct deployment.
    /// @param endpoint The endpoint of this chain.
    constructor(address payable zrSignAddress, address endpoint) ZrSignConnectBase(zrSignAddress) Ownable(msg.sender) {
        ENDPOINT = endpoint;
    }

    /// @notice Names the trusted sender of a chain; zero trusts nobody there.
    /// @param eid Endpoint id of the chain.
    /// @param peer A `RemoteRequester` there, as 32 bytes.
    function setPeer(uint32 eid, bytes32 peer) external onlyOwner {
        peers[eid] = peer;
        emit PeerSet(eid, peer);
    }

    /// @notice Pays into a user's deposit. For anybody to call.
    /// @param account By `accountOf`.
    function deposit(bytes32 account) external payable {
        _deposit(account, msg.value);
    }

    /// @notice Takes out what is no user's deposit: refunds of Direct requests and ether that was simply sent.
    /// @param to Recipient.
    /// @param amount Wei.
    function withdraw(address payable to, uint256 amount) external onlyOwner {
        uint256 free = address(this).balance - totalDeposits;
        if (amount > free) revert DepositsAreUsers(free, amount);
        (bool sent,) = to.call{value: amount}("");
        require(sent, "Transfer failed");
    }

    /// @inheritdoc IMessageReceiver
    function lzReceive(Origin calldata origin, bytes32 guid, bytes calldata message, address, bytes calldata)
        external
        payable
    {
        if (msg.sender != ENDPOINT) revert OnlyEndpoint(msg.sender);
        if (!allowInitializePath(origin)) revert OnlyPeer(origin.srcEid, origin.sender);
        if (served[guid]) revert AlreadyServed(guid);
        served[guid] = true;
        (uint8 kind, bytes32 user, bytes memory content) = ForwardedRequests.decode(message);
        bytes32 account = accountOf(origin.srcEid, user);
        _deposit(account, msg.value);

        uint256 before = address(this).balance;
        _serving = true;
        if (kind == ForwardedRequests.KEY) {
            _requestKey(account, guid, abi.decode(content, (ForwardedRequests.Key)));
        } else if (kind == ForwardedRequests.TRANSACTION) {
            _requestSignature(account, guid, abi.decode(content, (ForwardedRequests.Transaction)));
        } else {
            revert UnknownKind(kind);
        }
        _serving = false;
        _charge(account, before - address(this).balance);
    }

    /// @notice Passes over wallets that strangers requested for this contract, so that the next free index is found.
    /// @param walletTypeId Wallet type.
    /// @param limit How many at most.
    function skipTaken(bytes32 walletTypeId, uint256 limit) external {
        _skipTaken(walletTypeId, limit);
    }

    /// @notice Wallets of a user.
    /// @param walletTypeId Wallet type.
    /// @param account By `accountOf`.
    /// @return Wallet indexes of this contract.
    function getWalletIndexes(bytes32 walletTypeId, bytes32 account) external view returns (uint256[] memory) {
        return _indexes[walletTypeId][account];
    }

    /// @inheritdoc IMessageReceiver
    function nextNonce(uint32, bytes32) external pure returns (uint64) {
        return 0;
    }

    /// @inheritdoc IMessageReceiver
    function allowInitializePath(Origin calldata origin) public view returns (bool) {
        return origin.sender != 0 && peers[origin.srcEid] == origin.sender;
    }

    /// @notice How this contract names a user of another chain.
    /// @param eid Endpoint id of the chain.
    /// @param user The user there.
    /// @return Account.
    function accountOf(uint32 eid, bytes32 user) public pure returns (bytes32) {
        return keccak256(abi.encode(eid, user));
    }

    /// @inheritdoc ZrSignConnectBase
    function _authorizeSpend(address, bytes4 request) internal view override {
        if (!_serving) revert NotPermitted(request);
    }

    /// @dev The wallet is the user's only if this very request made it: Direct adds to an open key request instead.
    function _requestKey(bytes32 account, bytes32 guid, ForwardedRequests.Key memory request) private {
        bytes32 walletTypeId = request.walletTypeId;
        _skipTaken(walletTypeId, MAX_SKIPPED);
        uint256 index = _nextIndex[walletTypeId];
        if (_status(walletTypeId, index) != 0) revert KeyPending(walletTypeId);
        userOf[walletTypeId][index] = account;
        _indexes[walletTypeId][account].push(index);
        _nextIndex[walletTypeId] = index + 1;
        reqNewWallet(walletTypeId, request.options);
        if (_status(walletTypeId, index) == 0) revert KeyPending(walletTypeId);
        emit WalletForwarded(account, walletTypeId, index, guid);
    }

    function _requestSignature(bytes32 account, bytes32 guid, ForwardedRequests.Transaction memory request) private {
        if (userOf[request.walletTypeId][request.walletIndex] != account) {
            revert NotWalletOfUser(request.walletTypeId, request.walletIndex);
        }
        uint256 traceId = reqSignForTx(
            request.walletTypeId, request.walletIndex, request.dstChainId, request.payload, request.broadcast
        );
        emit SignatureForwarded(account, traceId, guid);
    }

    function _skipTaken(bytes32 walletTypeId, uint256 limit) private {
        uint256 index = _nextIndex[walletTypeId];
        uint256 end = index + limit;
        while (index < end && _status(walletTypeId, index) != 0) index++;
        _nextIndex[walletTypeId] = index;
    }

    function _deposit(bytes32 account, uint256 amount) private {
        if (amount == 0) return;
        deposits[account] += amount;
        totalDeposits += amount;
        emit Deposited(account, amount);
    }

    function _charge(bytes32 account, uint256 spent) private {
        uint256 available = deposits[account];
        if (available < spent) revert InsufficientDeposit(spent, available);
        deposits[account] = available - spent;
        totalDeposits -= spent;
    }

    function _status(bytes32 walletTypeId, uint256 index) private view returns (uint8) {
        return ISign(ZR_SIGN_ADDRESS).getWalletRegistry(walletTypeId, index, address(this)).status;
    }
}
