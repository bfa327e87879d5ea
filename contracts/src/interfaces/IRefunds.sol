// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {SignTypes} from "../libraries/SignTypes.sol";

/// @title Refunds
/// @notice What is held for answers finds its way back: by the answer, by cancellation, or as a credit.
interface IRefunds {
    /// @notice A payment that the recipient did not take is kept for it.
    event RefundCredited(address indexed account, uint256 amount);
    /// @notice The owner took a signature request back.
    event ZrSigCancel(uint256 indexed traceId, address indexed owner, uint256 refund);
    /// @notice A key request was taken back.
    event ZrKeyCancel(bytes32 indexed walletTypeId, address indexed owner, uint256 indexed walletIndex, uint256 refund);

    /// @notice No open signature request has this trace id.
    error RequestNotFoundOrAlreadyProcessed(uint256 traceId);
    /// @notice The request is another's, or of another content.
    error RequestMismatch(uint256 traceId);
    /// @notice No such key request is open, or with Omni it holds nothing to give back.
    error NothingToCancel();
    /// @notice The authority still has time to answer.
    error TooEarly(uint256 deadline);

    /// @notice Takes an unanswered signature request of the caller back, once its time has passed; also while paused.
    /// @param traceId The request.
    /// @param broadcast The flag that it was made with.
    /// @param context What `requestContext` says of it.
    function cancelRequest(uint256 traceId, bool broadcast, bytes32 context) external;

    /// @notice Takes an unanswered key request back, once its time has passed; also while paused. Only its owner; a
    /// request without owner by anybody, for the collected fees.
    /// @param walletTypeId Wallet type.
    /// @param owner Owner of the wallet.
    /// @param walletIndex Index of the wallet.
    function cancelKeyRequest(bytes32 walletTypeId, address owner, uint256 walletIndex) external;

    /// @notice Pays the caller's credit, left by a payment that it did not take.
    /// @param to Recipient.
    function claimRefund(address payable to) external;

    /// @notice Pays an account its own credit, with all gas that the call has. For anybody to call: an account may need more
    /// gas to take ether than a refund gives it, and have no function that claims.
    /// @param account The account, which is the recipient.
    function claimRefundFor(address payable account) external;

    /// @notice Wei kept for an account.
    /// @param account The account.
    /// @return Wei.
    function refundCredit(address account) external view returns (uint256);

    /// @notice Everything that is kept of a signature request; of an answered one, nothing but that it was answered.
    /// @param traceId The request.
    /// @return Its record.
    function getRequest(uint256 traceId) external view returns (SignTypes.RequestInfo memory);

    /// @notice What a signature request asks for, as answers and cancellations name it.
    /// @param owner Owner of the wallet.
    /// @param params The request.
    /// @param reqType Kind: 0 hash, 1 transaction, 2 simple transaction, 3 data.
    /// @return keccak256(abi.encode(wallet id, destination, keccak256(payload), kind)).
    function requestContext(address owner, SignTypes.ZrSignParams calldata params, uint8 reqType)
        external
        view
        returns (bytes32);
}
