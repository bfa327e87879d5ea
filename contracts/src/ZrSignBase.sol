// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {PausableUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/PausableUpgradeable.sol";
import {CAIP2} from "@openzeppelin/contracts/utils/CAIP2.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {StorageSlot} from "@openzeppelin/contracts/utils/StorageSlot.sol";

import {ISignRequests} from "./interfaces/ISignRequests.sol";
import {IZrSignConfig} from "./interfaces/IZrSignConfig.sol";
import {SignTypes} from "./libraries/SignTypes.sol";
import {ZrSignTypes} from "./libraries/ZrSignTypes.sol";

/// @title What Direct and Omni share
/// @notice Configuration, fees and the road of a request up to its event. A deployment says by three hooks what a
/// request costs and what it asks of a wallet: `_quote`, `_admitKey`, `_admitSignature`.
/// @dev Behind a proxy; all state is in ERC-7201 namespaces. The order of checks is part of the interface.
abstract contract ZrSignBase is
    ISignRequests,
    IZrSignConfig,
    AccessControlUpgradeable,
    PausableUpgradeable,
    ReentrancyGuard
{
    /// @custom:storage-location erc7201:zrsign.storage.sign
    struct SignStorage {
        uint256 mpcFee;
        uint256 totalMPCFee;
        uint256 respGas;
        uint256 respGasPriceBuffer;
        uint256 traceId;
        mapping(bytes32 walletTypeId => ZrSignTypes.ChainInfo) walletTypes;
        mapping(bytes32 walletTypeId => mapping(bytes32 chainId => bool)) chainIds;
        mapping(bytes32 workspaceId => string[]) wallets;
        mapping(bytes32 walletId => SignTypes.WalletRegistry) walletRegistry;
        mapping(uint256 traceId => SignTypes.ReqRegistry) reqRegistry;
    }

    /// @dev Wei of one request: for the signing network, held for the answer, and what the contract keeps of both.
    struct Fee {
        uint256 mpc;
        uint256 netResp;
        uint256 total;
    }

    /// @notice Account that may sign answers: keccak256("zenrock.role.mpc").
    bytes32 public constant MPC_ROLE = 0x1788cbbd6512d9aa8da743e475ce7cbbc6aea08b483d7cd0c00586734a4f6f14;
    /// @notice Account that may set and withdraw fees: keccak256("zenrock.role.fee").
    bytes32 public constant FEE_ROLE = 0x13b7ad447453d194d272cdda9bb09d7d357cda1ab7de80d865b4c1cbefc3cf28;
    /// @notice Account that may pause: keccak256("zenrock.role.pauser").
    bytes32 public constant PAUSER_ROLE = 0x8ab6d0465f335f1458251c44a70aa92d9297798531f73d2c8a32b5bd379821b8;
    /// @notice Wallet type of EVM chains, 44/60.
    bytes32 public constant SRC_WALLET_TYPE_ID = 0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a;

    /// @notice Request type: a digest.
    uint8 public constant IS_HASH_MASK = 0;
    /// @notice Request type: an unsigned transaction.
    uint8 public constant IS_TX_MASK = 1;
    /// @notice Request type: a simple transaction.
    uint8 public constant IS_SIMPLE_TX_MASK = 2;
    /// @notice Request type: data.
    uint8 public constant IS_DATA_MASK = 3;

    /// @notice Wallet status: asked for.
    uint8 public constant WALLET_REQUESTED = 1;
    /// @notice Wallet status: its address is known on chain.
    uint8 public constant WALLET_REGISTERED = 2;
    /// @notice Options from which a wallet may make simple transactions.
    uint8 public constant OPTIONS_MONITORING = 2;
    /// @notice Request status: waits for its answer.
    uint8 public constant SIG_REQ_IN_PROGRESS = 1;
    /// @notice Request status: answered.
    uint8 public constant SIG_REQ_ALREADY_PROCESSED = 2;

    /// @dev keccak256(abi.encode(uint256(keccak256("zrsign.storage.sign")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SIGN_STORAGE = 0xa30be26d48c79c53518f37fd0be48e3bd1b55edc6a24c0bc6a2effeee4c2c800;
    uint8 private constant OPTIONS_NORMAL = 1;

    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IZrSignConfig
    function initializeV1() external initializer {
        __AccessControl_init();
        __Pausable_init();
        // The guard's constructor wrote 1 into the storage of the implementation; the proxy needs its own.
        StorageSlot.getUint256Slot(_reentrancyGuardStorageSlot()).value = 1;
        _grantRole(DEFAULT_ADMIN_ROLE, _msgSender());
    }

    // Requests

    /// @inheritdoc ISignRequests
    function zrKeyReq(SignTypes.ZrKeyReqParams calldata params) external payable {
        _requestKey(params.walletTypeId, params.owner, params.options);
    }

    /// @inheritdoc ISignRequests
    function zrKeyReq(SignTypes.ZrKeyReqCallerParams calldata params) external payable {
        _requestKey(params.walletTypeId, _msgSender(), params.options);
    }

    /// @inheritdoc ISignRequests
    function zrKeyReq(SignTypes.ZrKeyReqTypeParams calldata params) external payable {
        _requestKey(params.walletTypeId, _msgSender(), OPTIONS_NORMAL);
    }

    /// @inheritdoc ISignRequests
    function zrSignHash(SignTypes.ZrSignParams calldata params) external payable {
        _requestMessage(params, IS_HASH_MASK);
    }

    /// @inheritdoc ISignRequests
    function zrSignData(SignTypes.ZrSignParams calldata params) external payable {
        _requestMessage(params, IS_DATA_MASK);
    }

    /// @inheritdoc ISignRequests
    function zrSignTx(SignTypes.ZrSignParams calldata params) external payable {
        _requireChain(params.walletTypeId, params.dstChainId);
        _requestSignature(params, IS_TX_MASK);
    }

    /// @inheritdoc ISignRequests
    function zrSignSimpleTx(SignTypes.ZrSignParams calldata params) external payable {
        _requireChain(params.walletTypeId, params.dstChainId);
        bytes32 walletId = _walletId(params.walletTypeId, _msgSender(), params.walletIndex);
        if (_signStorage().walletRegistry[walletId].options < OPTIONS_MONITORING) {
            revert WalletNotRegisteredForMonitoring(params.walletIndex);
        }
        _requestSignature(params, IS_SIMPLE_TX_MASK);
    }

    // Configuration

    /// @inheritdoc IZrSignConfig
    function walletTypeIdConfig(uint256 purpose, uint256 coinType, bool support) external onlyRole(DEFAULT_ADMIN_ROLE) {
        ZrSignTypes.ChainInfo memory info = ZrSignTypes.ChainInfo(purpose, coinType);
        bytes32 walletTypeId = ZrSignTypes.hashChainInfo(info);
        if (isWalletTypeSupported(walletTypeId) == support) {
            if (support) revert WalletTypeAlreadySupported(walletTypeId);
            revert WalletTypeNotSupported(walletTypeId);
        }
        if (support) {
            _signStorage().walletTypes[walletTypeId] = info;
        } else {
            delete _signStorage().walletTypes[walletTypeId];
        }
        emit WalletTypeIdSupport(purpose, coinType, walletTypeId, support);
    }

    /// @inheritdoc IZrSignConfig
    function chainIdConfig(bytes32 walletTypeId, string calldata caip, bool support)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        _requireWalletType(walletTypeId);
        bytes32 chainId = keccak256(bytes(caip));
        if (isChainIdSupported(walletTypeId, chainId) == support) {
            if (support) revert ChainIdAlreadySupported(walletTypeId, chainId);
            revert ChainIdNotSupported(walletTypeId, chainId);
        }
        _signStorage().chainIds[walletTypeId][chainId] = support;
        emit ChainIdSupport(walletTypeId, chainId, caip, support);
    }

    /// @inheritdoc IZrSignConfig
    function updateMPCFee(uint256 newMPCFee) external onlyRole(FEE_ROLE) {
        SignStorage storage $ = _signStorage();
        emit MPCFeeUpdate($.mpcFee, newMPCFee);
        $.mpcFee = newMPCFee;
    }

    /// @inheritdoc IZrSignConfig
    function withdrawMPCFees() external onlyRole(FEE_ROLE) nonReentrant {
        SignStorage storage $ = _signStorage();
        uint256 amount = $.totalMPCFee;
        $.totalMPCFee = 0;
        (bool sent,) = _msgSender().call{value: amount}("");
        require(sent, "Failed to send Ether");
        emit MPCFeeWithdraw(_msgSender(), amount);
    }

    /// @notice Stops requests and answers. Only PAUSER_ROLE.
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @notice Ends the pause. Only PAUSER_ROLE.
    function unpause() external onlyRole(PAUSER_ROLE) {
        _unpause();
    }

    // Views

    /// @inheritdoc ISignRequests
    function estimateFee(bytes32 walletTypeId, address owner, uint256 walletIndex, uint256 value)
        external
        view
        returns (uint256 mpc, uint256 netResp, uint256 total)
    {
        return estimateFee(getWalletRegistry(walletTypeId, walletIndex, owner).options, value);
    }

    /// @inheritdoc ISignRequests
    function getTraceId() external view returns (uint256) {
        return _signStorage().traceId;
    }

    /// @inheritdoc ISignRequests
    function getWalletTypeInfo(bytes32 walletTypeId) external view returns (ZrSignTypes.ChainInfo memory) {
        return _signStorage().walletTypes[walletTypeId];
    }

    /// @inheritdoc ISignRequests
    function getMPCFee() external view returns (uint256) {
        return _signStorage().mpcFee;
    }

    /// @notice Fees of the signing network that wait to be withdrawn.
    /// @return Wei.
    function getColletedFees() external view returns (uint256) {
        return _signStorage().totalMPCFee;
    }

    /// @notice Version of the state that the proxy was initialised with.
    /// @return The version; 2^64 - 1 on the implementation itself.
    function version() external view returns (uint256) {
        return _getInitializedVersion();
    }

    /// @inheritdoc ISignRequests
    function estimateFee(uint8 options, uint256 value)
        public
        view
        returns (uint256 mpc, uint256 netResp, uint256 total)
    {
        Fee memory fee = _quote(options, value);
        return (fee.mpc, fee.netResp, fee.total);
    }

    /// @inheritdoc ISignRequests
    function getWalletRegistry(bytes32 walletTypeId, uint256 walletIndex, address owner)
        public
        view
        returns (SignTypes.WalletRegistry memory)
    {
        return _signStorage().walletRegistry[_walletId(walletTypeId, owner, walletIndex)];
    }

    /// @inheritdoc ISignRequests
    function isWalletTypeSupported(bytes32 walletTypeId) public view returns (bool) {
        // ZrSignTypes.isNotNull without the delegatecall: this is on the road of every request.
        return _signStorage().walletTypes[walletTypeId].purpose != 0;
    }

    /// @inheritdoc ISignRequests
    function isChainIdSupported(bytes32 walletTypeId, bytes32 chainId) public view returns (bool) {
        return _signStorage().chainIds[walletTypeId][chainId];
    }

    /// @notice This chain: keccak256 of its CAIP-2 id, eip155:<block.chainid>.
    /// @return The chain id that answers are signed with.
    function SRC_CHAIN_ID() public view returns (bytes32) {
        return keccak256(bytes(CAIP2.local()));
    }

    // Hooks

    /// @dev Price of a request when `value` wei are offered. Reverts InvalidOptions(0) for options 0.
    function _quote(uint8 options, uint256 value) internal view virtual returns (Fee memory);

    /// @dev Takes the fee of a key request and records the wallet; returns its index.
    function _admitKey(bytes32 walletTypeId, address owner, uint8 options)
        internal
        virtual
        returns (uint256 walletIndex, Fee memory);

    /// @dev Takes the fee of a signature request by a wallet that may sign, and records the request.
    function _admitSignature(bytes32 walletId, uint256 walletIndex, uint256 traceId)
        internal
        virtual
        returns (Fee memory);

    // For the deployments

    /// @dev The fee for `options` out of msg.value.
    function _charge(uint8 options) internal view returns (Fee memory fee) {
        fee = _quote(options, msg.value);
        if (msg.value < fee.total) revert InsufficientFee(fee.total, msg.value);
    }

    /// @dev The fee of the signing network, without what an answer costs.
    function _mpcFee(uint8 options) internal view returns (uint256) {
        if (options == 0) revert InvalidOptions(options);
        return _signStorage().mpcFee * options;
    }

    /// @dev Call it last: the recipient runs.
    function _pay(address payable to, uint256 amount) internal nonReentrant {
        (bool sent,) = to.call{value: amount}("");
        require(sent, "Transfer failed");
    }

    function _requireWalletType(bytes32 walletTypeId) internal view {
        if (!isWalletTypeSupported(walletTypeId)) revert WalletTypeNotSupported(walletTypeId);
    }

    /// @dev An owner's wallets of one type.
    function _workspaceId(bytes32 walletTypeId, address owner) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner));
    }

    /// @dev One wallet of an owner.
    function _walletId(bytes32 walletTypeId, address owner, uint256 walletIndex) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner, walletIndex));
    }

    function _signStorage() internal pure returns (SignStorage storage $) {
        assembly ("memory-safe") {
            $.slot := SIGN_STORAGE
        }
    }

    // The road of a request

    function _requestKey(bytes32 walletTypeId, address owner, uint8 options) private {
        _requireWalletType(walletTypeId);
        _requireNotPaused();
        (uint256 walletIndex, Fee memory fee) = _admitKey(walletTypeId, owner, options);
        emit ZrKeyRequest(walletTypeId, owner, walletIndex, options, fee.total, fee.mpc);
        _returnSurplus(fee);
    }

    /// @dev A digest or data: nothing that could be broadcast.
    function _requestMessage(SignTypes.ZrSignParams calldata params, uint8 reqType) private {
        _requireChain(params.walletTypeId, params.dstChainId);
        if (params.broadcast) revert BroadcastNotAllowed();
        _requestSignature(params, reqType);
    }

    function _requestSignature(SignTypes.ZrSignParams calldata params, uint8 reqType) private {
        _requireNotPaused();
        bytes32 walletId = _walletId(params.walletTypeId, _msgSender(), params.walletIndex);
        uint256 traceId = _signStorage().traceId++;
        Fee memory fee = _admitSignature(walletId, params.walletIndex, traceId);
        emit ZrSigRequest(traceId, walletId, fee.total, fee.mpc, _describe(params, reqType));
        _returnSurplus(fee);
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

    /// @dev The payer gets back what the contract does not keep. Direct keeps it until the answer: its total is msg.value.
    function _returnSurplus(Fee memory fee) private {
        if (msg.value > fee.total) _pay(payable(_msgSender()), msg.value - fee.total);
    }

    function _requireChain(bytes32 walletTypeId, bytes32 chainId) private view {
        _requireWalletType(walletTypeId);
        if (!isChainIdSupported(walletTypeId, chainId)) revert ChainIdNotSupported(walletTypeId, chainId);
    }
}
