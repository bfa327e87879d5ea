// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SignTypes} from "../libraries/SignTypes.sol";
import {IRefunds} from "./IRefunds.sol";
import {ISignRequests} from "./ISignRequests.sol";

/// @title Requests with answers on chain
/// @notice Direct: adds the answers of the signing network, their state and the refund of what they did not cost.
interface ISign is IRefunds, ISignRequests {
    /// @notice A wallet exists.
    event ZrKeyResolve(bytes32 indexed walletTypeId, address indexed owner, uint256 indexed walletIndex, string addr);
    /// @notice A signature request was answered.
    event ZrSigResolve(uint256 indexed traceId, bytes metaData, bytes signature, bool broadcast);
    /// @notice What was held for an answer was paid out.
    /// @param engineWalletCost Wei to the submitter of the answer.
    /// @param userChange Wei to the owner.
    event ZrSigGasRefund(uint256 engineWalletCost, uint256 userChange);
    /// @notice The gas that an answer may use changed.
    event RespGasUpdate(uint256 indexed oldGas, uint256 indexed newGas);
    /// @notice The margin on the base fee changed.
    event RespGasPriceBufferUpdate(uint256 indexed oldGasPriceBuff, uint256 indexed newGasPriceBuff);
    /// @notice An owner chose how its answers come: 1 also stored, 2 also by callback, 3 both, 0 neither.
    event AnswerDeliveryUpdate(
        bytes32 indexed walletTypeId, address indexed owner, uint256 indexed walletIndex, uint8 delivery
    );
    /// @notice The owner was told of an answer; `done` says whether its callback succeeded.
    event ZrSignCallback(uint256 indexed traceId, address indexed owner, bool done);

    /// @notice The answer is not for the owner's next wallet.
    error IncorrectWalletIndex(uint256 expectedIndex, uint256 providedIndex);
    /// @notice Part of the interface; no state leads to it.
    error WalletAlreadyRegistered(string wallet);
    /// @notice The wallet was not requested.
    error WalletNotRequested(string wallet);
    /// @notice The authority's signature is not one (ECDSA.RecoverError: 1 invalid, 2 length, 3 high s).
    error InvalidSignature(uint8 code);
    /// @notice The typed answer is not for what was requested.
    error AnswerMismatch(bytes32 context);
    /// @notice The text is no address of the wallet type.
    error InvalidAddress(string wallet);
    /// @notice The submitter left less gas than the owner's callback is promised.
    error InsufficientGas(uint256 required, uint256 available);
    /// @notice The wallet address is too short.
    error InvalidAddressLength(uint256 minLength, uint256 actualLength);

    /// @notice Registers a wallet. Anyone may submit; an account with MPC_ROLE must have signed.
    /// @param params The answer. Signed is its EIP-712 `ZrKeyResponse`, with the wallet id as context appended to r, s
    /// and v; or, where that is allowed, as an EIP-191 message the keccak256 of abi.encode(SRC_CHAIN_ID, walletTypeId, owner, walletIndex, wallet, options).
    function zrKeyRes(SignTypes.ZrKeyResParams calldata params) external;

    /// @notice Answers a signature request. Anyone may submit; an account with MPC_ROLE must have signed.
    /// @param params The answer. Signed is its EIP-712 `ZrSignResponse`, with the request's context appended to r, s
    /// and v; or, where that is allowed, as an EIP-191 message the keccak256 of abi.encode(SRC_CHAIN_ID, traceId, owner, metaData, signature, broadcast).
    function zrSignRes(SignTypes.SignResParams calldata params) external;

    /// @notice Chooses how answers to the caller's wallet come, for requests from now on.
    /// @param walletTypeId Wallet type.
    /// @param walletIndex A wallet of the caller.
    /// @param delivery 1 also stored, 2 also by `onZrSignResponse`, 3 both, 0 neither.
    function setAnswerDelivery(bytes32 walletTypeId, uint256 walletIndex, uint8 delivery) external;

    /// @notice A stored answer; empty when there is none or it was not asked to be stored.
    /// @param traceId The request.
    /// @return The signature.
    function getAnswer(uint256 traceId) external view returns (bytes memory);

    /// @notice State of a signature request.
    /// @param traceId The request.
    /// @return Status and wei held for the answer.
    function getRequestState(uint256 traceId) external view returns (SignTypes.ReqRegistry memory);

    /// @notice Addresses of an owner's wallets.
    /// @param walletTypeId Wallet type.
    /// @param owner Owner.
    /// @return One address per wallet index.
    function getZrKeys(bytes32 walletTypeId, address owner) external view returns (string[] memory);

    /// @notice Address of one wallet. Panics when there is none.
    /// @param walletTypeId Wallet type.
    /// @param owner Owner.
    /// @param index Wallet index.
    /// @return The address.
    function getZrKey(bytes32 walletTypeId, address owner, uint256 index) external view returns (string memory);

    /// @notice Gas that an answer may use; its submitter sends it with this gas limit.
    /// @return Gas.
    function getRespGas() external view returns (uint256);

    /// @notice Margin on the base fee.
    /// @return Percent; 120 adds 20 %.
    function getRespGasPriceBuffer() external view returns (uint256);
}
