// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {SignTypes} from "../libraries/SignTypes.sol";
import {ZrSignTypes} from "../libraries/ZrSignTypes.sol";

/// @title Requests
/// @notice What every deployment offers, whether answers come back on chain (Direct) or stay on the ledger (Omni):
/// requests for keys and signatures, and the views that price them.
interface ISignRequests is IAccessControl {
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

    /// @notice Requests a key for any owner.
    /// @param params Owner, wallet type, options.
    function zrKeyReq(SignTypes.ZrKeyReqParams calldata params) external payable;

    /// @notice Requests a key for the caller.
    /// @param params Wallet type, options.
    function zrKeyReq(SignTypes.ZrKeyReqCallerParams calldata params) external payable;

    /// @notice Requests a normal key for the caller.
    /// @param params Wallet type.
    function zrKeyReq(SignTypes.ZrKeyReqTypeParams calldata params) external payable;

    /// @notice Requests a signature over a digest, signed as it is (32 bytes; other lengths are refused off chain).
    /// @param params Wallet, chain and digest; `broadcast` must be false.
    function zrSignHash(SignTypes.ZrSignParams calldata params) external payable;

    /// @notice Requests a signature over data, hashed by the network in the manner of the wallet type.
    /// @param params Wallet, chain and data; `broadcast` must be false.
    function zrSignData(SignTypes.ZrSignParams calldata params) external payable;

    /// @notice Requests a signature over an unsigned transaction in the encoding of its chain.
    /// @param params Wallet, chain and transaction; with `broadcast` the network also sends it.
    function zrSignTx(SignTypes.ZrSignParams calldata params) external payable;

    /// @notice Requests a transaction that the network composes from recipient, value and data.
    /// @param params Wallet, chain and `SignTypes.encodeSimple` payload; with `broadcast` the network also sends it.
    function zrSignSimpleTx(SignTypes.ZrSignParams calldata params) external payable;

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
}
