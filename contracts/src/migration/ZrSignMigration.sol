// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {MulticallUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/MulticallUpgradeable.sol";

import {ZrSignStorage} from "../ZrSignStorage.sol";
import {Requests} from "../libraries/Requests.sol";
import {SignTypes} from "../libraries/SignTypes.sol";
import {Terms, TermsFields} from "../libraries/Terms.sol";
import {Wallet, WalletState, Wallets} from "../libraries/Wallets.sol";
import {OlderState} from "./OlderState.sol";

/// @title Migration
/// @notice What a proxy of the older Direct contracts runs between them and these. It takes neither requests nor answers;
/// it carries what they left, in steps of any size, and `finish` ends it. Before that the proxy may go back, and finds all
/// as it was.
/// @dev Roles need no step: they lie where these contracts look. Only `DEFAULT_ADMIN_ROLE`, which names the owners of open
/// requests: the older state does not. Answered requests need none either: an empty record says that.
contract ZrSignMigration is ZrSignStorage, AccessControlUpgradeable, MulticallUpgradeable {
    /// @custom:storage-location erc7201:zrsign.storage.migration
    struct Progress {
        uint256 held;
    }

    uint8 private constant OPEN = 1;
    uint8 private constant REGISTERED = 2;
    uint256 private constant MAX_HELD = type(uint80).max;
    /// @dev keccak256(abi.encode(uint256(keccak256("zrsign.storage.migration")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant PROGRESS = 0x4cc3277b9554d68083412573ac69b9869e0ec1fa737688b1d9ab017600e1bb00;

    /// @notice The migration has ended; the proxy waits for its next implementation.
    event Migrated(uint256 nextTraceId, uint256 collected, uint256 held);

    /// @notice The migration has ended already.
    error AlreadyMigrated();
    /// @notice This much of the balance belongs to nothing that was carried, and not what the caller expects.
    error Unaccounted(int256 amount);
    /// @notice No request of this trace id is open in the older state, or it was carried already.
    error NothingToCarry(uint256 traceId);
    /// @notice The request's wallet is none of the older contracts, or not carried yet.
    error UnknownWallet(bytes32 walletId);
    /// @notice An amount has more digits than its place can hold.
    error TooLarge(uint256 value);

    /// @dev Administrators, until the end.
    modifier step() {
        _checkRole(DEFAULT_ADMIN_ROLE);
        if (Terms.unwrap(_signStorage().terms) != 0) revert AlreadyMigrated();
        _;
    }

    constructor() {
        _disableInitializers();
    }

    /// @notice Carries wallet types, as they are enabled or not.
    /// @param walletTypeIds Their ids.
    function carryWalletTypes(bytes32[] calldata walletTypeIds) external step {
        for (uint256 i = 0; i < walletTypeIds.length; i++) {
            _signStorage().walletTypes[walletTypeIds[i]] = OlderState.load().walletTypes[walletTypeIds[i]];
        }
    }

    /// @notice Carries chains of a wallet type, as they are enabled or not.
    /// @param walletTypeId The type.
    /// @param chainIds Hashes of CAIP-2 ids.
    function carryChains(bytes32 walletTypeId, bytes32[] calldata chainIds) external step {
        for (uint256 i = 0; i < chainIds.length; i++) {
            _signStorage().chainIds[walletTypeId][chainIds[i]] = OlderState.load().chainIds[walletTypeId][chainIds[i]];
        }
    }

    /// @notice Carries the next wallets of an owner; after the last one also the key request that is open, whose time begins
    /// anew.
    /// @param walletTypeId Wallet type.
    /// @param owner Owner.
    /// @param most Wallets to carry at most.
    function carryWallets(bytes32 walletTypeId, address owner, uint256 most) external step {
        bytes32 workspaceId = _workspaceId(walletTypeId, owner);
        string[] storage texts = OlderState.load().wallets[workspaceId];
        uint256 index = _signStorage().walletCount[workspaceId];
        for (; index < texts.length && most != 0; most--) {
            _carryWallet(_walletId(walletTypeId, owner, index), bytes(texts[index]));
            index++;
        }
        _signStorage().walletCount[workspaceId] = index;
        if (index == texts.length) _carryOpenKey(_walletId(walletTypeId, owner, index));
    }

    /// @notice Carries open signature requests, whose time begins anew.
    /// @param traceIds Their numbers.
    /// @param params What the event of each says.
    function carryRequests(uint256[] calldata traceIds, SignTypes.SigReqParams[] calldata params) external step {
        for (uint256 i = 0; i < traceIds.length; i++) {
            _carryRequest(traceIds[i], params[i]);
        }
    }

    /// @notice Carries fees, trace id and pause, and ends the migration: the older state is gone, and these contracts work
    /// behind the proxy.
    /// @param unaccounted Wei of the balance that belong to nothing: 0, unless ether was forced on the contract. A request
    /// that was not carried shows here.
    function finish(int256 unaccounted) external step {
        OlderState.Layout storage older = OlderState.load();
        uint256 held = _progress().held;
        int256 rest = int256(address(this).balance) - int256(older.collected + held);
        if (rest != unaccounted) revert Unaccounted(rest);
        Terms terms = Terms.wrap(0).setMpcFee(_fitting(older.mpcFee, TermsFields.MAX_MPC_FEE))
            .setRespGas(_fitting(older.respGas, TermsFields.MAX_RESP_GAS))
            .setBuffer(_fitting(older.buffer, TermsFields.MAX_BUFFER)).setPaused(OlderState.paused())
            .startTraceIds(_fitting(older.traceId, TermsFields.MAX_TRACE_ID))
            .collect(_fitting(older.collected, type(uint80).max));
        _signStorage().terms = terms;
        emit Migrated(older.traceId, older.collected, held);
        OlderState.clear();
    }

    function _carryWallet(bytes32 walletId, bytes memory text) private {
        Wallet storage wallet = _signStorage().wallets[walletId];
        WalletState state = WalletState.wrap(0).setOptions(OlderState.load().registry[walletId].options);
        wallet.state = state.named(REGISTERED, _fitting(text.length, Wallets.MAX_LENGTH), bytes12(text));
        for (uint256 place = 0; place * 32 + Wallets.HEAD_BYTES < text.length; place++) {
            uint256 from = place * 32 + Wallets.HEAD_BYTES;
            bytes32 word;
            // Strings in memory are padded to words, and what is behind them in the last one is cut off by the length.
            assembly ("memory-safe") {
                word := mload(add(add(text, 0x20), from))
            }
            uint256 over = from + 32 > text.length ? from + 32 - text.length : 0;
            wallet.rest[place] = word >> 8 * over << 8 * over;
        }
    }

    function _carryOpenKey(bytes32 walletId) private {
        OlderState.WalletRegistry storage older = OlderState.load().registry[walletId];
        Wallet storage wallet = _signStorage().wallets[walletId];
        if (older.status != OPEN || wallet.state.status() != 0) return;
        wallet.state = Wallets.requested(OPEN, older.options, _hold(older.value));
    }

    function _carryRequest(uint256 traceId, SignTypes.SigReqParams calldata params) private {
        OlderState.ReqRegistry storage older = OlderState.load().requests[traceId];
        if (older.status != OPEN || _signStorage().requests[traceId].status() != 0) revert NothingToCarry(traceId);
        bytes32 walletId = _walletId(params.walletTypeId, params.owner, params.walletIndex);
        if (_signStorage().wallets[walletId].state.status() != REGISTERED) revert UnknownWallet(walletId);
        bytes32 context = Requests.context(walletId, params.dstChainId, keccak256(params.payload), params.zrSignReqType);
        bytes32 commitment = Requests.commit(params.owner, params.broadcast, context);
        _signStorage().requests[traceId] = Requests.open(OPEN, 0, _hold(older.value), commitment);
    }

    function _hold(uint256 value) private returns (uint256) {
        _progress().held += _fitting(value, MAX_HELD);
        return value;
    }

    function _progress() private pure returns (Progress storage $) {
        assembly ("memory-safe") {
            $.slot := PROGRESS
        }
    }

    function _fitting(uint256 value, uint256 most) private pure returns (uint256) {
        if (value > most) revert TooLarge(value);
        return value;
    }
}
