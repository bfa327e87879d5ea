// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {CAIP2} from "@openzeppelin/contracts/utils/CAIP2.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {ZrSignStorage} from "./ZrSignStorage.sol";
import {ISign} from "./interfaces/ISign.sol";
import {IZrSignConfig} from "./interfaces/IZrSignConfig.sol";
import {SignTypes} from "./libraries/SignTypes.sol";
import {Strictness} from "./libraries/Strictness.sol";
import {Terms, TermsFields} from "./libraries/Terms.sol";
import {ZrSignTypes} from "./libraries/ZrSignTypes.sol";
import {OlderState} from "./migration/OlderState.sol";

/// @title Configuration
/// @notice Roles, wallet types and chains, fees with their caps, strictness, pause.
abstract contract ZrSignConfig is IZrSignConfig, ZrSignStorage, AccessControlUpgradeable, ReentrancyGuardTransient {
    /// @notice Account that may sign answers: keccak256("zenrock.role.mpc").
    bytes32 public constant MPC_ROLE = 0x1788cbbd6512d9aa8da743e475ce7cbbc6aea08b483d7cd0c00586734a4f6f14;
    /// @notice Account that may set and withdraw fees: keccak256("zenrock.role.fee").
    bytes32 public constant FEE_ROLE = 0x13b7ad447453d194d272cdda9bb09d7d357cda1ab7de80d865b4c1cbefc3cf28;
    /// @notice Account that may pause: keccak256("zenrock.role.pauser").
    bytes32 public constant PAUSER_ROLE = 0x8ab6d0465f335f1458251c44a70aa92d9297798531f73d2c8a32b5bd379821b8;
    /// @notice Wallet type of EVM chains, 44/60.
    bytes32 public constant SRC_WALLET_TYPE_ID = 0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a;

    /// @dev The chain id of the deployment and its CAIP-2 hash, so that answers need not compute it.
    uint256 private immutable HOME_CHAIN = block.chainid;
    bytes32 private immutable HOME_CHAIN_ID = keccak256(bytes(CAIP2.local()));

    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IZrSignConfig
    function initializeV1() external initializer {
        _grantRole(DEFAULT_ADMIN_ROLE, _msgSender());
    }

    /// @inheritdoc IZrSignConfig
    function walletTypeIdConfig(uint256 purpose, uint256 coinType, bool support) external onlyRole(DEFAULT_ADMIN_ROLE) {
        bytes32 walletTypeId = keccak256(abi.encode(purpose, coinType));
        if (isWalletTypeSupported(walletTypeId) == support) {
            if (support) revert WalletTypeAlreadySupported(walletTypeId);
            revert ISign.WalletTypeNotSupported(walletTypeId);
        }
        if (purpose == 0 && _terms().demands(Strictness.CONFIG)) revert InvalidConfiguration();
        _signStorage().walletTypes[walletTypeId] =
            support ? ZrSignTypes.ChainInfo(purpose, coinType) : ZrSignTypes.ChainInfo(0, 0);
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
            revert ISign.ChainIdNotSupported(walletTypeId, chainId);
        }
        if (support && _terms().demands(Strictness.CONFIG) && !ZrSignTypes.isCaip2(caip)) {
            revert InvalidConfiguration();
        }
        _signStorage().chainIds[walletTypeId][chainId] = support;
        emit ChainIdSupport(walletTypeId, chainId, caip, support);
    }

    /// @inheritdoc IZrSignConfig
    function updateMPCFee(uint256 newMPCFee) external onlyRole(FEE_ROLE) {
        _requireCap(newMPCFee, _signStorage().limits.maxMpcFee, TermsFields.MAX_MPC_FEE);
        Terms terms = _terms();
        emit MPCFeeUpdate(terms.mpcFee(), newMPCFee);
        _setTerms(terms.setMpcFee(newMPCFee));
    }

    /// @inheritdoc IZrSignConfig
    function withdrawMPCFees() external onlyRole(FEE_ROLE) nonReentrant {
        emit MPCFeeWithdraw(_msgSender(), _withdraw());
    }

    /// @inheritdoc IZrSignConfig
    function configureSafety(SignTypes.Safety calldata safety) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _requireCap(safety.maxMPCFee, 0, TermsFields.MAX_MPC_FEE);
        _requireCap(safety.maxRespGas, 0, TermsFields.MAX_RESP_GAS);
        _requireCap(safety.maxRespGasPriceBuffer, 0, TermsFields.MAX_BUFFER);
        _setTerms(_terms().setStrictness(safety.strictness));
        // Each cap was checked against the width of its field.
        _signStorage().limits = Limits({
            cancelDelay: safety.cancelDelay,
            maxMpcFee: uint72(safety.maxMPCFee),
            maxRespGas: uint24(safety.maxRespGas),
            maxBuffer: uint16(safety.maxRespGasPriceBuffer)
        });
        emit SafetyUpdate(safety);
    }

    /// @inheritdoc IZrSignConfig
    function pause() external onlyRole(PAUSER_ROLE) {
        _requireNotPaused(_terms());
        _setTerms(_terms().setPaused(true));
        emit Paused(_msgSender());
    }

    /// @inheritdoc IZrSignConfig
    function unpause() external onlyRole(PAUSER_ROLE) {
        if (!paused()) revert ExpectedPause();
        _setTerms(_terms().setPaused(false));
        emit Unpaused(_msgSender());
    }

    /// @inheritdoc IZrSignConfig
    function getSafety() external view returns (SignTypes.Safety memory) {
        Limits memory limits = _signStorage().limits;
        return SignTypes.Safety(
            _terms().strictness(), limits.cancelDelay, limits.maxMpcFee, limits.maxRespGas, limits.maxBuffer
        );
    }

    /// @notice See {ISign-getTraceId}.
    function getTraceId() external view returns (uint256) {
        return _terms().traceId();
    }

    /// @notice See {ISign-getWalletTypeInfo}.
    function getWalletTypeInfo(bytes32 walletTypeId) external view returns (ZrSignTypes.ChainInfo memory) {
        return _signStorage().walletTypes[walletTypeId];
    }

    /// @notice See {ISign-getMPCFee}.
    function getMPCFee() external view returns (uint256) {
        return _terms().mpcFee();
    }

    /// @notice Fees of the signing network that wait to be withdrawn.
    /// @return Wei.
    function getColletedFees() external view returns (uint256) {
        return _terms().collected();
    }

    /// @notice See {ISign-version}.
    function version() external view returns (uint256) {
        return _getInitializedVersion();
    }

    /// @inheritdoc IZrSignConfig
    function paused() public view returns (bool) {
        return _terms().paused();
    }

    /// @notice See {ISign-isWalletTypeSupported}.
    function isWalletTypeSupported(bytes32 walletTypeId) public view returns (bool) {
        // ZrSignTypes.isNotNull without the delegatecall: this is on the road of every request.
        return _signStorage().walletTypes[walletTypeId].purpose != 0;
    }

    /// @notice See {ISign-isChainIdSupported}.
    function isChainIdSupported(bytes32 walletTypeId, bytes32 chainId) public view returns (bool) {
        return _signStorage().chainIds[walletTypeId][chainId];
    }

    /// @notice This chain: keccak256 of its CAIP-2 id, eip155:<block.chainid>.
    /// @return The chain id that answers are signed with.
    function SRC_CHAIN_ID() public view returns (bytes32) {
        return block.chainid == HOME_CHAIN ? HOME_CHAIN_ID : ZrSignTypes.localChainId();
    }

    /// @dev Pays the collected fees to the caller; gives their amount.
    function _withdraw() internal returns (uint256 amount) {
        Terms terms = _terms();
        amount = terms.collected();
        _setTerms(terms.clearCollected());
        (bool sent,) = _msgSender().call{value: amount}("");
        require(sent, "Failed to send Ether");
    }

    function _setTerms(Terms terms) internal {
        _signStorage().terms = terms;
    }

    /// @dev Every call reads them, so none works on a proxy that still holds what the older contracts left. Only the terms of
    /// such a proxy, or of one that was not configured, are empty.
    function _terms() internal view returns (Terms terms) {
        terms = _signStorage().terms;
        if (Terms.unwrap(terms) == 0) OlderState.requireNone();
    }

    function _requireWalletType(bytes32 walletTypeId) internal view {
        if (!isWalletTypeSupported(walletTypeId)) revert ISign.WalletTypeNotSupported(walletTypeId);
    }

    function _requireNotPaused(Terms terms) internal pure {
        if (terms.paused()) revert EnforcedPause();
    }

    /// @dev `cap` 0 stands for `width`.
    function _requireCap(uint256 value, uint256 cap, uint256 width) internal pure {
        if (cap == 0) cap = width;
        if (value > cap) revert AboveCap(cap, value);
    }
}
