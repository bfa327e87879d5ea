// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SignTypes} from "../libraries/SignTypes.sol";
import {ISignRequests} from "./ISignRequests.sol";

/// @title Requests with answers on chain
/// @notice Direct: adds the answers of the signing network, their state and the refund of what they did not cost.
interface ISign is ISignRequests {
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
    /// @notice A payment that the recipient did not take is kept for it.
    event RefundCredited(address indexed account, uint256 amount);

    /// @notice No open signature request has this trace id.
    error RequestNotFoundOrAlreadyProcessed(uint256 traceId);
    /// @notice The answer names no owner.
    error OwnableInvalidOwner(address owner);
    /// @notice The answer is not for the owner's next wallet.
    error IncorrectWalletIndex(uint256 expectedIndex, uint256 providedIndex);
    /// @notice Part of the interface; no state leads to it.
    error WalletAlreadyRegistered(string wallet);
    /// @notice The wallet was not requested.
    error WalletNotRequested(string wallet);
    /// @notice The authority's signature is not one (ECDSA.RecoverError: 1 invalid, 2 length, 3 high s).
    error InvalidSignature(uint8 code);
    /// @notice The wallet address is too short.
    error InvalidAddressLength(uint256 minLength, uint256 actualLength);

    /// @notice Registers a wallet. Anyone may submit; an account with MPC_ROLE must have signed.
    /// @param params The answer. Signed, as an EIP-191 message, is the keccak256 of
    /// abi.encode(SRC_CHAIN_ID, walletTypeId, owner, walletIndex, wallet, options).
    function zrKeyRes(SignTypes.ZrKeyResParams calldata params) external;

    /// @notice Answers a signature request. Anyone may submit; an account with MPC_ROLE must have signed.
    /// @param params The answer. Signed, as an EIP-191 message, is the keccak256 of
    /// abi.encode(SRC_CHAIN_ID, traceId, owner, metaData, signature, broadcast).
    function zrSignRes(SignTypes.SignResParams calldata params) external;

    /// @notice Pays the caller's credit, left by a payment that it did not take.
    /// @param to Recipient.
    function claimRefund(address payable to) external;

    /// @notice Wei kept for an account.
    /// @param account The account.
    /// @return Wei.
    function refundCredit(address account) external view returns (uint256);

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
