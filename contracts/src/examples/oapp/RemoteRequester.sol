// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ForwardedRequests} from "./ForwardedRequests.sol";
import {IMessageEndpoint, MessagingParams, MessagingReceipt} from "./IMessageEndpoint.sol";

/// @title Example: requests from a chain that has no zrSign contract
/// @notice Sends its callers' requests through a message endpoint to a `RequestForwarder`, which makes them. A caller
/// acts only for itself: the message says who it is, and the forwarder believes this contract and no other.
/// @dev Answers are read where the zrSign contract is, or on the ledger.
contract RemoteRequester {
    /// @notice The endpoint of this chain.
    IMessageEndpoint public immutable ENDPOINT;
    /// @notice Endpoint id of the forwarder's chain.
    uint32 public immutable FORWARDER_EID;
    /// @notice The forwarder, as 32 bytes.
    bytes32 public immutable FORWARDER;

    /// @notice A request was sent.
    event RequestSent(bytes32 indexed guid, address indexed user);

    /// @notice Fixes the way.
    /// @param endpoint The endpoint of this chain.
    /// @param forwarderEid Endpoint id of the forwarder's chain.
    /// @param forwarder The forwarder there.
    constructor(IMessageEndpoint endpoint, uint32 forwarderEid, bytes32 forwarder) {
        ENDPOINT = endpoint;
        FORWARDER_EID = forwarderEid;
        FORWARDER = forwarder;
    }

    /// @notice Asks for a wallet of the caller.
    /// @param request Wallet type and options.
    /// @param options Gas and value for the delivery, as the endpoint encodes them.
    /// @return guid Id of the message.
    function reqZrKey(ForwardedRequests.Key calldata request, bytes calldata options)
        external
        payable
        returns (bytes32 guid)
    {
        return _send(ForwardedRequests.KEY, abi.encode(request), options);
    }

    /// @notice Asks a wallet of the caller for the signature of an unsigned transaction.
    /// @param request Wallet, destination and transaction.
    /// @param options Gas and value for the delivery, as the endpoint encodes them.
    /// @return guid Id of the message.
    function reqZrSigForTx(ForwardedRequests.Transaction calldata request, bytes calldata options)
        external
        payable
        returns (bytes32 guid)
    {
        return _send(ForwardedRequests.TRANSACTION, abi.encode(request), options);
    }

    /// @notice Takes an unanswered signature request of the caller back, once its time has passed.
    /// @param request The request.
    /// @param options Gas and value for the delivery, as the endpoint encodes them.
    /// @return guid Id of the message.
    function cancelRequest(ForwardedRequests.Cancellation calldata request, bytes calldata options)
        external
        payable
        returns (bytes32 guid)
    {
        return _send(ForwardedRequests.CANCELLATION, abi.encode(request), options);
    }

    /// @notice Takes an unanswered key request of the caller back, once its time has passed.
    /// @param request Wallet.
    /// @param options Gas and value for the delivery, as the endpoint encodes them.
    /// @return guid Id of the message.
    function cancelKeyRequest(ForwardedRequests.KeyCancellation calldata request, bytes calldata options)
        external
        payable
        returns (bytes32 guid)
    {
        return _send(ForwardedRequests.KEY_CANCELLATION, abi.encode(request), options);
    }

    /// @notice Pays ether of the caller's account out, on the forwarder's chain.
    /// @param request Recipient there, and wei.
    /// @param options Gas and value for the delivery, as the endpoint encodes them.
    /// @return guid Id of the message.
    function withdraw(ForwardedRequests.Withdrawal calldata request, bytes calldata options)
        external
        payable
        returns (bytes32 guid)
    {
        return _send(ForwardedRequests.WITHDRAWAL, abi.encode(request), options);
    }

    /// @notice What sending a message costs.
    /// @param message The message, by `ForwardedRequests.encode`.
    /// @param options Gas and value for the delivery.
    /// @return Wei.
    function calculateFee(bytes calldata message, bytes calldata options) external view returns (uint256) {
        return ENDPOINT.quote(_params(message, options), address(this)).nativeFee;
    }

    /// @notice How messages name an account of an EVM chain.
    /// @param account The account.
    /// @return The account in the low 20 bytes.
    function addressToBytes32(address account) public pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

    function _send(uint8 kind, bytes memory content, bytes calldata options) private returns (bytes32) {
        bytes memory message = ForwardedRequests.encode(kind, addressToBytes32(msg.sender), content);
        MessagingReceipt memory receipt = ENDPOINT.send{value: msg.value}(_params(message, options), msg.sender);
        emit RequestSent(receipt.guid, msg.sender);
        return receipt.guid;
    }

    function _params(bytes memory message, bytes calldata options) private view returns (MessagingParams memory) {
        return MessagingParams(FORWARDER_EID, FORWARDER, message, options, false);
    }
}
