// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {ForwardedAccount} from "./ForwardedAccount.sol";
import {ForwardedRequests} from "./ForwardedRequests.sol";
import {IMessageReceiver, Origin} from "./IMessageEndpoint.sol";

/// @title Example: an OApp-style forwarder
/// @notice Makes the requests that users of other chains send through a message endpoint. Each user has an account here,
/// which owns its wallets and its ether. It pays with what was sent to the account, or with the value that a message brings.
/// @dev The owner names one trusted sender a chain (the peer), and can do nothing else; it speaks for nobody unless it names a
/// peer that does. A message that cannot be served reverts, and the endpoint can deliver it again.
contract RequestForwarder is Ownable, IMessageReceiver {
    /// @notice The endpoint of this chain.
    address public immutable ENDPOINT;
    /// @notice What accounts are clones of.
    address public immutable ACCOUNT;

    /// @notice The trusted sender on a chain, by endpoint id.
    mapping(uint32 eid => bytes32) public peers;
    /// @notice Whether a message was served.
    mapping(bytes32 guid => bool) public served;

    /// @notice The trusted sender of a chain changed.
    event PeerSet(uint32 indexed eid, bytes32 peer);
    /// @notice A message was served; what came of it is in the events of the zrSign contract.
    event Served(bytes32 indexed guid, address indexed account, uint8 kind);

    /// @notice Only the endpoint delivers messages.
    error OnlyEndpoint(address caller);
    /// @notice The chain's trusted sender is another, or it has none.
    error OnlyPeer(uint32 eid, bytes32 sender);
    /// @notice The message was served before.
    error AlreadyServed(bytes32 guid);

    /// @notice Sets where messages come from and requests go; the deployer names peers.
    /// @param zrSignAddress Proxy of an Omni or Direct deployment.
    /// @param endpoint The endpoint of this chain.
    constructor(address payable zrSignAddress, address endpoint) Ownable(msg.sender) {
        ENDPOINT = endpoint;
        ACCOUNT = address(new ForwardedAccount(zrSignAddress));
    }

    /// @notice Names the trusted sender of a chain; zero trusts nobody there.
    /// @param eid Endpoint id of the chain.
    /// @param peer A `RemoteRequester` there, as 32 bytes.
    function setPeer(uint32 eid, bytes32 peer) external onlyOwner {
        peers[eid] = peer;
        emit PeerSet(eid, peer);
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
        address payable account = accountOf(origin.srcEid, user);
        emit Served(guid, account, kind);
        if (account.code.length == 0) Clones.cloneDeterministic(ACCOUNT, _salt(origin.srcEid, user));
        ForwardedAccount(account).serve{value: msg.value}(kind, content);
    }

    /// @inheritdoc IMessageReceiver
    function nextNonce(uint32, bytes32) external pure returns (uint64) {
        return 0;
    }

    /// @inheritdoc IMessageReceiver
    function allowInitializePath(Origin calldata origin) public view returns (bool) {
        return origin.sender != 0 && peers[origin.srcEid] == origin.sender;
    }

    /// @notice The account of a user of another chain. It is there from the first message, and takes ether before.
    /// @param eid Endpoint id of the chain.
    /// @param user The user there.
    /// @return Account.
    function accountOf(uint32 eid, bytes32 user) public view returns (address payable) {
        return payable(Clones.predictDeterministicAddress(ACCOUNT, _salt(eid, user)));
    }

    function _salt(uint32 eid, bytes32 user) private pure returns (bytes32) {
        return keccak256(abi.encode(eid, user));
    }
}
