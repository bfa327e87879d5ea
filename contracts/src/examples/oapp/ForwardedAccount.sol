// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnectBase} from "../../ZrSignConnectBase.sol";
import {ForwardedRequests} from "./ForwardedRequests.sol";

/// @title Example: what a user of another chain has here
/// @notice Owns the user's wallets and pays for its requests with its own balance, so that no other user's key stands in
/// the way, and what comes back of a request, by its answer or because it was taken back, is the user's.
/// @dev A clone for each user. Only the forwarder commands it; anybody may send ether, and fetch a credit for it.
contract ForwardedAccount is ZrSignConnectBase {
    /// @notice The contract that made this one, and speaks for its user.
    address public immutable FORWARDER;

    /// @notice Only the forwarder makes requests.
    error NotPermitted(bytes4 request);
    /// @notice There is no such kind of message.
    error UnknownKind(uint8 kind);

    /// @notice Sets where requests go; the deployer is the forwarder.
    /// @param zrSignAddress Proxy of an Omni or Direct deployment.
    constructor(address payable zrSignAddress) ZrSignConnectBase(zrSignAddress) {
        FORWARDER = msg.sender;
    }

    /// @notice Does what the user's message says. Only for the forwarder.
    /// @param kind Kind of the message.
    /// @param content Its content.
    function serve(uint8 kind, bytes calldata content) external payable {
        _authorizeSpend(msg.sender, msg.sig);
        if (kind == ForwardedRequests.KEY) {
            _requestKey(abi.decode(content, (ForwardedRequests.Key)));
        } else if (kind == ForwardedRequests.TRANSACTION) {
            _requestSignature(abi.decode(content, (ForwardedRequests.Transaction)));
        } else if (kind == ForwardedRequests.CANCELLATION) {
            ForwardedRequests.Cancellation memory it = abi.decode(content, (ForwardedRequests.Cancellation));
            cancelRequest(it.traceId, it.broadcast, it.context);
        } else if (kind == ForwardedRequests.KEY_CANCELLATION) {
            ForwardedRequests.KeyCancellation memory it = abi.decode(content, (ForwardedRequests.KeyCancellation));
            cancelKeyRequest(it.walletTypeId, it.walletIndex);
        } else if (kind == ForwardedRequests.WITHDRAWAL) {
            ForwardedRequests.Withdrawal memory it = abi.decode(content, (ForwardedRequests.Withdrawal));
            (bool sent,) = it.to.call{value: it.amount}("");
            require(sent, "Transfer failed");
        } else {
            revert UnknownKind(kind);
        }
    }

    /// @inheritdoc ZrSignConnectBase
    function _authorizeSpend(address caller, bytes4 request) internal view override {
        if (caller != FORWARDER) revert NotPermitted(request);
    }

    function _requestKey(ForwardedRequests.Key memory request) private feeAtMost(request.maxFee) {
        reqNewWallet(request.walletTypeId, request.options);
    }

    function _requestSignature(ForwardedRequests.Transaction memory request) private feeAtMost(request.maxFee) {
        reqSignForTx(request.walletTypeId, request.walletIndex, request.dstChainId, request.payload, request.broadcast);
    }
}
