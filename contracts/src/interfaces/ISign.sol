// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {SignTypes} from "../libraries/SignTypes.sol";
import {ZrSignTypes} from "../libraries/ZrSignTypes.sol";
import {IRefunds} from "./IRefunds.sol";

/// @title Requests and answers
/// @notice What dApps call. Requests and the views that price them are the same in every deployment; the answers, and
/// what is said of them, are Direct's: with Omni they stay on the ledger.
/// @dev No deployment inherits it, because then Omni would need what only Direct has, or a name such as
/// `ISign.zrKeyReq.selector` would not be found here; a test compares it with what they offer.
interface ISign is IRefunds, IAccessControl {
    // Events of requests

    /// @notice A key was requested.
    /// @param walletTypeId Wallet type.
    /// @param owner Owner of the wallet.
    /// @param walletIndex Index that the wallet has, or will have, among the owner's wallets of this type.
    /// @param options 1 normal, 2 monitored.
    /// @param value Wei that the contract kept.
    /// @param mpcFee Part of `value` that pays for the signing network.
    event ZrKeyRequest(
        bytes32 indexed walletTypeId,
        address indexed owner,
        uint256 indexed walletIndex,
        uint8 options,
        uint256 value,
        uint256 mpcFee
    );

    /// @notice A signature was requested.
    /// @param traceId Number of the request, from 0, without holes.
    /// @param walletId keccak256(abi.encode(chain id, contract, wallet type, owner, wallet index)).
    /// @param value Wei that the contract kept.
    /// @param mpcFee Part of `value` that pays for the signing network.
    /// @param params The request.
    event ZrSigRequest(
        uint256 indexed traceId, bytes32 indexed walletId, uint256 value, uint256 mpcFee, SignTypes.SigReqParams params
    );

    // Events of answers

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

    // Errors of requests

    /// @notice The call carries less than the fee.
    error InsufficientFee(uint256 requiredFee, uint256 providedFee);
    /// @notice The wallet type is not enabled.
    error WalletTypeNotSupported(bytes32 walletTypeId);
    /// @notice The chain is not enabled for the wallet type.
    error ChainIdNotSupported(bytes32 walletTypeId, bytes32 chainId);
    /// @notice Options are 0, or the wallet was never requested.
    error InvalidOptions(uint8 option);
    /// @notice Simple transactions need a wallet requested with options of at least 2.
    error WalletNotRegisteredForMonitoring(uint256 walletIndex);
    /// @notice The caller has no usable wallet with this index.
    error InvalidWalletIndex(uint256 walletIndex);
    /// @notice The owner is none; for requests only where owners are demanded.
    error OwnableInvalidOwner(address owner);
    /// @notice A digest has 32 bytes, where that is demanded.
    error InvalidPayloadLength(uint256 expectedLength, uint256 actualLength);
    /// @notice The payment is more than can be held for an answer.
    error PaymentTooLarge(uint256 maximum, uint256 provided);
    /// @notice A signature over a hash or over data is no transaction, so nothing can be broadcast.
    error BroadcastNotAllowed();

    // Errors of answers

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
    /// @notice The wallet address is too short, or longer than 65 535 bytes.
    error InvalidAddressLength(uint256 minLength, uint256 actualLength);

    // Requests

    /// @notice Requests a key for any owner. The forms of older callers are in `IZrSignJuly2024` and `IZrSignOmniV2`.
    /// @param params Owner, wallet type, options.
    function zrKeyReq(SignTypes.ZrKeyReqParams calldata params) external payable;

    /// @notice Requests a signature over a digest, signed as it is (32 bytes; other lengths are refused off chain).
    /// @param params Wallet, chain and digest; `broadcast` must be false.
    /// @return traceId Number of the request.
    function zrSignHash(SignTypes.ZrSignParams calldata params) external payable returns (uint256 traceId);

    /// @notice Requests a signature over data, hashed by the network in the manner of the wallet type.
    /// @param params Wallet, chain and data; `broadcast` must be false.
    /// @return traceId Number of the request.
    function zrSignData(SignTypes.ZrSignParams calldata params) external payable returns (uint256 traceId);

    /// @notice Requests a signature over an unsigned transaction in the encoding of its chain.
    /// @param params Wallet, chain and transaction; with `broadcast` the network also sends it.
    /// @return traceId Number of the request.
    function zrSignTx(SignTypes.ZrSignParams calldata params) external payable returns (uint256 traceId);

    /// @notice Requests a transaction that the network composes from recipient, value and data.
    /// @param params Wallet, chain and `SignTypes.encodeSimple` payload; with `broadcast` the network also sends it.
    /// @return traceId Number of the request.
    function zrSignSimpleTx(SignTypes.ZrSignParams calldata params) external payable returns (uint256 traceId);

    /// @notice Prices a request of an existing wallet.
    /// @param walletTypeId Wallet type.
    /// @param owner Owner of the wallet.
    /// @param walletIndex Index of the wallet.
    /// @param value Wei that the caller means to send.
    /// @return mpc Wei for the signing network.
    /// @return netResp Wei held to pay for the answer.
    /// @return total Wei that the contract keeps.
    function estimateFee(bytes32 walletTypeId, address owner, uint256 walletIndex, uint256 value)
        external
        view
        returns (uint256 mpc, uint256 netResp, uint256 total);

    /// @notice Prices a request of an existing wallet: what its answer can cost, with what the wallet wants done with it and,
    /// where refunds are strict, the bytes of a payload above 4096.
    /// @param owner Owner of the wallet.
    /// @param params The request.
    /// @param value Wei that the caller means to send.
    /// @return mpc Wei for the signing network.
    /// @return netResp Wei held to pay for the answer.
    /// @return total Wei that the contract keeps.
    function estimateFee(address owner, SignTypes.ZrSignParams calldata params, uint256 value)
        external
        view
        returns (uint256 mpc, uint256 netResp, uint256 total);

    /// @notice Prices a request by options.
    /// @param options 1 normal, 2 monitored.
    /// @param value Wei that the caller means to send.
    /// @return mpc Wei for the signing network.
    /// @return netResp Wei held to pay for the answer.
    /// @return total Wei that the contract keeps.
    function estimateFee(uint8 options, uint256 value)
        external
        view
        returns (uint256 mpc, uint256 netResp, uint256 total);

    /// @notice The trace id that the next signature request gets.
    /// @return Next trace id.
    function getTraceId() external view returns (uint256);

    /// @notice State of a wallet.
    /// @param walletTypeId Wallet type.
    /// @param walletIndex Index of the wallet.
    /// @param owner Owner of the wallet.
    /// @return Status, options and wei held for the answer.
    function getWalletRegistry(bytes32 walletTypeId, uint256 walletIndex, address owner)
        external
        view
        returns (SignTypes.WalletRegistry memory);

    /// @notice Purpose and coin type of a wallet type; zeros when it is not enabled.
    /// @param walletTypeId Wallet type.
    /// @return Purpose and coin type.
    function getWalletTypeInfo(bytes32 walletTypeId) external view returns (ZrSignTypes.ChainInfo memory);

    /// @notice Whether a wallet type is enabled.
    /// @param walletTypeId Wallet type.
    /// @return True when it is.
    function isWalletTypeSupported(bytes32 walletTypeId) external view returns (bool);

    /// @notice Whether a chain is enabled for a wallet type.
    /// @param walletTypeId Wallet type.
    /// @param chainId keccak256 of the CAIP-2 id.
    /// @return True when it is.
    function isChainIdSupported(bytes32 walletTypeId, bytes32 chainId) external view returns (bool);

    /// @notice Fee of the signing network for options 1.
    /// @return Wei.
    function getMPCFee() external view returns (uint256);

    /// @notice Version of the state that the proxy was initialised with.
    /// @return The version; 2^64 - 1 on the implementation itself.
    function version() external view returns (uint256);

    // Answers

    /// @notice Registers a wallet. Anyone may submit; an account with MPC_ROLE must have signed.
    /// @param params The answer. Signed is its EIP-712 `ZrKeyResponse`, with the wallet id as context appended to r, s
    /// and v; or, where that is allowed, as an EIP-191 message the keccak256 of abi.encode(SRC_CHAIN_ID, walletTypeId, owner, walletIndex, wallet, options).
    function zrKeyRes(SignTypes.ZrKeyResParams calldata params) external;

    /// @notice Answers a signature request. Anyone may submit; an account with MPC_ROLE must have signed.
    /// @param params The answer. Signed is its EIP-712 `ZrSignResponse`, with the request's context appended to r, s
    /// and v; or, where that is allowed, as an EIP-191 message the keccak256 of abi.encode(SRC_CHAIN_ID, traceId, owner, metaData, signature, broadcast).
    function zrSignRes(SignTypes.SignResParams calldata params) external;

    /// @notice Answers several signature requests in one transaction. Those that are not open any more are left out, so
    /// that whoever answers or cancels one does not stop the others.
    /// @param answers As `zrSignRes` takes them.
    function zrSignResBatch(SignTypes.SignResParams[] calldata answers) external;

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
