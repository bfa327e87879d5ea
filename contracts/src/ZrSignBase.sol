// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";

import {ZrSignRefunds} from "./ZrSignRefunds.sol";
import {IRefunds} from "./interfaces/IRefunds.sol";
import {ISign} from "./interfaces/ISign.sol";
import {IZrSignConfig} from "./interfaces/IZrSignConfig.sol";
import {IZrSignJuly2024} from "./interfaces/IZrSignJuly2024.sol";
import {IZrSignOmniV2} from "./interfaces/IZrSignOmniV2.sol";
import {SignTypes} from "./libraries/SignTypes.sol";
import {Strictness} from "./libraries/Strictness.sol";
import {Terms} from "./libraries/Terms.sol";
import {WalletState} from "./libraries/Wallets.sol";

/// @title Requests
/// @notice The road of a request up to its event. A deployment says by hooks what a request costs, what it asks of a
/// wallet, and what else it emits.
/// @dev Behind a proxy; all state is in ERC-7201 namespaces. The order of checks is part of the interface.
abstract contract ZrSignBase is ZrSignRefunds {
    /// @dev Wei of one request: for the signing network, held for the answer, and what the contract keeps of both.
    struct Fee {
        uint256 mpc;
        uint256 netResp;
        uint256 total;
    }

    /// @notice Request type: a digest.
    uint8 public constant IS_HASH_MASK = 0;
    /// @notice Request type: an unsigned transaction.
    uint8 public constant IS_TX_MASK = 1;
    /// @notice Request type: a simple transaction.
    uint8 public constant IS_SIMPLE_TX_MASK = 2;
    /// @notice Request type: data.
    uint8 public constant IS_DATA_MASK = 3;
    /// @notice Options from which a wallet may make simple transactions.
    uint8 public constant OPTIONS_MONITORING = 2;

    /// @dev How answers come beside their event; flags.
    uint8 internal constant DELIVERY_STORE = 1;
    uint8 internal constant DELIVERY_CALLBACK = 2;
    /// @dev Gas that an owner's callback is promised, and what the call itself and the 63/64 rule take (EIP-150).
    uint256 internal constant CALLBACK_GAS = 100_000;
    uint256 internal constant CALLBACK_CALL_GAS = 8_000;
    /// @dev Gas of a byte of call data that is not zero, where call data is most of a transaction (EIP-7623).
    uint256 internal constant FLOOR_GAS = 40;

    /// @dev Gas to store a signature of 65 bytes.
    uint256 private constant STORE_GAS = 46_000;
    /// @dev Bytes of a payload that `respGas` covers.
    uint256 private constant COVERED_LENGTH = 4096;
    uint8 private constant OPTIONS_NORMAL = 1;
    uint256 private constant HASH_LENGTH = 32;

    /// @notice Key requests in the forms of `IZrSignJuly2024` and `IZrSignOmniV2`; any other call is refused.
    /// @dev Not functions of their own, so that the published interface has one `zrKeyReq`.
    fallback() external payable {
        if (msg.sig == IZrSignJuly2024.zrKeyReq.selector) {
            SignTypes.ZrKeyReqCallerParams memory params = abi.decode(msg.data[4:], (SignTypes.ZrKeyReqCallerParams));
            _requestKey(params.walletTypeId, _msgSender(), params.options);
        } else if (msg.sig == IZrSignOmniV2.zrKeyReq.selector) {
            bytes32 walletTypeId = abi.decode(msg.data[4:], (SignTypes.ZrKeyReqTypeParams)).walletTypeId;
            uint8 options = _terms().demands(Strictness.OMNI_V2) ? OPTIONS_MONITORING : OPTIONS_NORMAL;
            _requestKey(walletTypeId, _msgSender(), options);
        } else {
            // solhint-disable-next-line reason-string
            revert();
        }
    }

    // Requests

    /// @notice See {ISign-zrKeyReq}.
    function zrKeyReq(SignTypes.ZrKeyReqParams calldata params) external payable {
        _requestKey(params.walletTypeId, params.owner, params.options);
    }

    /// @notice See {ISign-zrSignHash}.
    function zrSignHash(SignTypes.ZrSignParams calldata params) external payable returns (uint256 traceId) {
        return _requestSignature(params, IS_HASH_MASK);
    }

    /// @notice See {ISign-zrSignData}.
    function zrSignData(SignTypes.ZrSignParams calldata params) external payable returns (uint256 traceId) {
        return _requestSignature(params, IS_DATA_MASK);
    }

    /// @notice See {ISign-zrSignTx}.
    function zrSignTx(SignTypes.ZrSignParams calldata params) external payable returns (uint256 traceId) {
        return _requestSignature(params, IS_TX_MASK);
    }

    /// @notice See {ISign-zrSignSimpleTx}.
    function zrSignSimpleTx(SignTypes.ZrSignParams calldata params) external payable returns (uint256 traceId) {
        return _requestSignature(params, IS_SIMPLE_TX_MASK);
    }

    // Views

    /// @notice See {ISign-estimateFee}.
    function estimateFee(bytes32 walletTypeId, address owner, uint256 walletIndex, uint256 value)
        external
        view
        returns (uint256 mpc, uint256 netResp, uint256 total)
    {
        return _estimate(_wallet(walletTypeId, owner, walletIndex), 0, value);
    }

    /// @notice See {ISign-estimateFee}.
    function estimateFee(address owner, SignTypes.ZrSignParams calldata params, uint256 value)
        external
        view
        returns (uint256 mpc, uint256 netResp, uint256 total)
    {
        return _estimate(_wallet(params.walletTypeId, owner, params.walletIndex), params.payload.length, value);
    }

    /// @notice See {ISign-getWalletRegistry}.
    function getWalletRegistry(bytes32 walletTypeId, uint256 walletIndex, address owner)
        external
        view
        returns (SignTypes.WalletRegistry memory)
    {
        WalletState state = _wallet(walletTypeId, owner, walletIndex);
        return SignTypes.WalletRegistry(state.status(), state.options(), state.held());
    }

    /// @notice See {ISign-estimateFee}.
    function estimateFee(uint8 options, uint256 value)
        external
        view
        returns (uint256 mpc, uint256 netResp, uint256 total)
    {
        Terms terms = _terms();
        Fee memory fee = _quote(terms, options, terms.respGas(), value);
        return (fee.mpc, fee.netResp, fee.total);
    }

    /// @inheritdoc AccessControlUpgradeable
    function supportsInterface(bytes4 interfaceId) public view virtual override returns (bool) {
        return interfaceId == type(IRefunds).interfaceId || interfaceId == type(IZrSignConfig).interfaceId
            || super.supportsInterface(interfaceId);
    }

    // Hooks

    /// @dev Price of a request whose answer may use `answerGas`, when `value` wei are offered. Reverts InvalidOptions(0)
    /// for options 0.
    function _quote(Terms terms, uint8 options, uint256 answerGas, uint256 value)
        internal
        view
        virtual
        returns (Fee memory);

    /// @dev Takes the fee of a key request and records the wallet; returns its index.
    function _admitKey(Terms terms, bytes32 walletTypeId, address owner, uint8 options)
        internal
        virtual
        returns (uint256 walletIndex, Fee memory);

    /// @dev Takes the fee of a signature request by a wallet that may sign, and records the request.
    function _admitSignature(
        Terms terms,
        WalletState wallet,
        bytes32 walletId,
        SignTypes.ZrSignParams calldata params,
        uint8 reqType
    ) internal virtual returns (Fee memory);

    /// @dev After a key request was emitted.
    function _keyRequested(Terms terms, bytes32 walletTypeId, address owner, Fee memory fee) internal virtual {}

    /// @dev After a signature request was emitted.
    function _signatureRequested(Terms terms, SignTypes.ZrSignParams calldata params, uint8 reqType, Fee memory fee)
        internal
        virtual {}

    // For the deployments

    /// @dev The fee for `options` and an answer out of msg.value.
    function _charge(Terms terms, uint8 options, uint256 answerGas) internal view returns (Fee memory fee) {
        fee = _quote(terms, options, answerGas, msg.value);
        if (msg.value < fee.total) revert ISign.InsufficientFee(fee.total, msg.value);
    }

    /// @dev The fee of the signing network, without what an answer costs.
    function _mpcFee(Terms terms, uint8 options) internal pure returns (uint256) {
        if (options == 0) revert ISign.InvalidOptions(options);
        return terms.mpcFee() * options;
    }

    function _wallet(bytes32 walletTypeId, address owner, uint256 walletIndex) internal view returns (WalletState) {
        return _signStorage().wallets[_walletId(walletTypeId, owner, walletIndex)].state;
    }

    /// @dev Gas that the answer to a signature request may use: `respGas`, what its wallet wants done with it, and, where
    /// refunds are strict, each byte of a long payload, which the answer may repeat.
    function _answerGas(Terms terms, WalletState wallet, uint256 length) internal pure returns (uint256 gas) {
        gas = terms.respGas();
        uint8 delivery = wallet.delivery();
        if (delivery & DELIVERY_STORE != 0) gas += STORE_GAS;
        if (delivery & DELIVERY_CALLBACK != 0) gas += CALLBACK_GAS + CALLBACK_CALL_GAS;
        if (length > COVERED_LENGTH && terms.demands(Strictness.REFUND)) gas += FLOOR_GAS * (length - COVERED_LENGTH);
    }

    // The road of a request

    function _estimate(WalletState wallet, uint256 length, uint256 value)
        private
        view
        returns (uint256 mpc, uint256 netResp, uint256 total)
    {
        Terms terms = _terms();
        Fee memory fee = _quote(terms, wallet.options(), _answerGas(terms, wallet, length), value);
        return (fee.mpc, fee.netResp, fee.total);
    }

    function _requestKey(bytes32 walletTypeId, address owner, uint8 options) private {
        _requireWalletType(walletTypeId);
        Terms terms = _terms();
        if (owner == address(0) && terms.demands(Strictness.OWNER)) revert ISign.OwnableInvalidOwner(owner);
        _requireNotPaused(terms);
        if (options > OPTIONS_MONITORING && terms.demands(Strictness.OPTIONS)) revert ISign.InvalidOptions(options);
        (uint256 walletIndex, Fee memory fee) = _admitKey(terms, walletTypeId, owner, options);
        emit ISign.ZrKeyRequest(walletTypeId, owner, walletIndex, options, fee.total, fee.mpc);
        _keyRequested(terms, walletTypeId, owner, fee);
    }

    function _requestSignature(SignTypes.ZrSignParams calldata params, uint8 reqType)
        private
        returns (uint256 traceId)
    {
        _requireWalletType(params.walletTypeId);
        if (!isChainIdSupported(params.walletTypeId, params.dstChainId)) {
            revert ISign.ChainIdNotSupported(params.walletTypeId, params.dstChainId);
        }
        Terms terms = _terms();
        bytes32 walletId = _walletId(params.walletTypeId, _msgSender(), params.walletIndex);
        WalletState wallet = _signStorage().wallets[walletId].state;
        _requireKind(terms, wallet, params, reqType);
        _requireNotPaused(terms);
        Fee memory fee = _admitSignature(terms, wallet, walletId, params, reqType);
        traceId = terms.traceId();
        emit ISign.ZrSigRequest(traceId, walletId, fee.total, fee.mpc, _describe(params, reqType));
        _signatureRequested(terms, params, reqType, fee);
    }

    function _describe(SignTypes.ZrSignParams calldata params, uint8 reqType)
        private
        view
        returns (SignTypes.SigReqParams memory)
    {
        return SignTypes.SigReqParams({
            walletTypeId: params.walletTypeId,
            walletIndex: params.walletIndex,
            dstChainId: params.dstChainId,
            payload: params.payload,
            owner: _msgSender(),
            zrSignReqType: reqType,
            broadcast: params.broadcast
        });
    }

    /// @dev A digest or data is nothing that could be broadcast; a simple transaction needs a monitored wallet.
    function _requireKind(Terms terms, WalletState wallet, SignTypes.ZrSignParams calldata params, uint8 reqType)
        private
        pure
    {
        if (reqType == IS_HASH_MASK || reqType == IS_DATA_MASK) {
            if (params.broadcast) revert ISign.BroadcastNotAllowed();
            if (reqType == IS_HASH_MASK && params.payload.length != HASH_LENGTH && terms.demands(Strictness.HASH)) {
                revert ISign.InvalidPayloadLength(HASH_LENGTH, params.payload.length);
            }
        } else if (reqType == IS_SIMPLE_TX_MASK && wallet.options() < OPTIONS_MONITORING) {
            revert ISign.WalletNotRegisteredForMonitoring(params.walletIndex);
        }
    }
}
