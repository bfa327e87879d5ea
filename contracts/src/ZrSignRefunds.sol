// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConfig} from "./ZrSignConfig.sol";
import {IRefunds} from "./interfaces/IRefunds.sol";
import {ISign} from "./interfaces/ISign.sol";
import {LimitedCall} from "./libraries/LimitedCall.sol";
import {Request, Requests} from "./libraries/Requests.sol";
import {SignTypes} from "./libraries/SignTypes.sol";
import {WalletState} from "./libraries/Wallets.sol";

/// @title Refunds
/// @notice No recipient can stop a payment of somebody else: it gets little gas, and what it does not take becomes its
/// credit. Nobody answers for ever: an owner takes back what is held for an answer that does not come.
abstract contract ZrSignRefunds is IRefunds, ZrSignConfig {
    /// @notice Wallet status: asked for.
    uint8 public constant WALLET_REQUESTED = 1;
    /// @notice Wallet status: its address is known on chain.
    uint8 public constant WALLET_REGISTERED = 2;
    /// @notice Request status: waits for its answer.
    uint8 public constant SIG_REQ_IN_PROGRESS = 1;
    /// @notice Request status: answered.
    uint8 public constant SIG_REQ_ALREADY_PROCESSED = 2;

    /// @dev Request status: taken back.
    uint8 private constant SIG_REQ_CANCELLED = 3;
    /// @dev Gas that a recipient may use, so that it cannot burn the submitter's.
    uint256 private constant RECEIVE_GAS = 50_000;
    uint256 private constant DEFAULT_CANCEL_DELAY = 1 days;

    /// @inheritdoc IRefunds
    function cancelRequest(uint256 traceId, bool broadcast, bytes32 context) external nonReentrant {
        Request request = _signStorage().requests[traceId];
        if (request.status() != SIG_REQ_IN_PROGRESS) revert RequestNotFoundOrAlreadyProcessed(traceId);
        if (!request.matches(_msgSender(), broadcast, context)) revert RequestMismatch(traceId);
        _requireDeadline(request.requestedAt());
        _signStorage().requests[traceId] = request.close(SIG_REQ_CANCELLED);
        emit ZrSigCancel(traceId, _msgSender(), request.held());
        _payOrCredit(_msgSender(), request.held());
    }

    /// @inheritdoc IRefunds
    function cancelKeyRequest(bytes32 walletTypeId, address owner, uint256 walletIndex) external nonReentrant {
        if (owner != address(0) && owner != _msgSender()) revert ISign.OwnableInvalidOwner(_msgSender());
        bytes32 walletId = _walletId(walletTypeId, owner, walletIndex);
        WalletState state = _signStorage().wallets[walletId].state;
        uint256 held = state.held();
        if (state.status() != WALLET_REQUESTED) revert NothingToCancel();
        _requireDeadline(state.requestedAt());
        _signStorage().wallets[walletId].state =
            _afterCancellation(state, walletIndex < _walletCount(walletTypeId, owner));
        emit ZrKeyCancel(walletTypeId, owner, walletIndex, held);
        if (owner == address(0)) {
            _setTerms(_terms().collect(held));
        } else {
            _payOrCredit(owner, held);
        }
    }

    /// @inheritdoc IRefunds
    function claimRefund(address payable to) external nonReentrant {
        if (to == address(0)) revert ISign.OwnableInvalidOwner(to);
        _payCredit(_msgSender(), to);
    }

    /// @inheritdoc IRefunds
    function claimRefundFor(address payable account) external nonReentrant {
        _payCredit(account, account);
    }

    /// @inheritdoc IRefunds
    function refundCredit(address account) external view returns (uint256) {
        return _signStorage().credit[account];
    }

    /// @inheritdoc IRefunds
    function getRequest(uint256 traceId) external view returns (SignTypes.RequestInfo memory) {
        Request request = _signStorage().requests[traceId];
        return SignTypes.RequestInfo(
            _requestStatus(traceId), request.delivery(), request.held(), request.requestedAt(), request.commitment()
        );
    }

    /// @inheritdoc IRefunds
    function requestContext(address owner, SignTypes.ZrSignParams calldata params, uint8 reqType)
        external
        view
        returns (bytes32)
    {
        bytes32 walletId = _walletId(params.walletTypeId, owner, params.walletIndex);
        return Requests.context(walletId, params.dstChainId, keccak256(params.payload), reqType);
    }

    /// @dev A key request whose refund was taken; `counted` says that it is one of the owner's wallets all the same.
    function _afterCancellation(WalletState state, bool counted) internal pure virtual returns (WalletState);

    /// @dev Seconds that the authority has for an answer.
    function _cancelDelay() internal view virtual returns (uint256) {
        uint256 delay = _signStorage().limits.cancelDelay;
        return delay == 0 ? DEFAULT_CANCEL_DELAY : delay;
    }

    /// @dev A wallet that stays when what is held for its answer is taken back.
    function _emptied(WalletState state) internal pure returns (WalletState) {
        if (state.held() == 0) revert NothingToCancel();
        return state.setHeld(0);
    }

    function _walletCount(bytes32 walletTypeId, address owner) internal view returns (uint256) {
        return _signStorage().walletCount[_workspaceId(walletTypeId, owner)];
    }

    /// @dev An empty record of a past trace id is an answered request.
    function _requestStatus(uint256 traceId) internal view returns (uint8) {
        Request request = _signStorage().requests[traceId];
        bool forgotten = Request.unwrap(request) == 0 && traceId < _terms().traceId();
        return forgotten ? SIG_REQ_ALREADY_PROCESSED : request.status();
    }

    /// @dev A recipient that does not take the payment keeps a credit.
    function _payOrCredit(address to, uint256 amount) internal {
        if (amount == 0 || LimitedCall.pay(to, amount, RECEIVE_GAS)) return;
        _credit(to, amount);
    }

    function _credit(address account, uint256 amount) internal {
        _signStorage().credit[account] += amount;
        emit RefundCredited(account, amount);
    }

    /// @dev The recipient has all gas: nobody but the caller pays for it.
    function _payCredit(address account, address payable to) private {
        uint256 amount = _signStorage().credit[account];
        _signStorage().credit[account] = 0;
        (bool sent,) = to.call{value: amount}("");
        require(sent, "Transfer failed");
    }

    function _requireDeadline(uint256 requestedAt) private view {
        uint256 deadline = requestedAt + _cancelDelay();
        if (block.timestamp < deadline) revert TooEarly(deadline);
    }
}
