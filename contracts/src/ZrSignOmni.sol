// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignBase} from "./ZrSignBase.sol";
import {ISign} from "./interfaces/ISign.sol";
import {IZrSignOmni} from "./interfaces/IZrSignOmni.sol";
import {SignTypes} from "./libraries/SignTypes.sol";
import {Strictness} from "./libraries/Strictness.sol";
import {Terms} from "./libraries/Terms.sol";
import {V2Events} from "./libraries/V2Events.sol";
import {WalletState, Wallets} from "./libraries/Wallets.sol";

/// @title Omni
/// @notice Requests whose answers stay on the ledger. Only the fee of the signing network is kept; the rest of a
/// payment goes back to the payer in the same call. Wallets are counted, so that their indices are known on chain. A
/// Direct proxy that becomes Omni keeps its wallets, and owners take back at once what was held for answers; where it
/// becomes Direct again, Omni's wallets sign on.
/// @dev Balance = collected fees + refund credits, and after an upgrade what Direct's open requests hold.
contract ZrSignOmni is ZrSignBase, IZrSignOmni {
    uint256 private constant MAX_ACCOUNT_LENGTH = 128;

    /// @inheritdoc IZrSignOmni
    function zrLinkAccount(string calldata account) external {
        uint256 length = bytes(account).length;
        if (length == 0 || length > MAX_ACCOUNT_LENGTH) revert InvalidAccountLength(length);
        emit ZrAccountLinked(_msgSender(), account);
    }

    /// @inheritdoc IZrSignOmni
    function withdrawFees() external onlyRole(FEE_ROLE) nonReentrant {
        emit FeeWithdraw(_msgSender(), _withdraw());
    }

    /// @inheritdoc IZrSignOmni
    function getWalletCount(bytes32 walletTypeId, address owner) external view returns (uint256) {
        return _walletCount(walletTypeId, owner);
    }

    /// @inheritdoc ZrSignBase
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IZrSignOmni).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev There is no answer to pay for, so only the fee of the signing network is kept.
    function _quote(Terms terms, uint8 options, uint256, uint256) internal pure override returns (Fee memory fee) {
        fee.mpc = _mpcFee(terms, options);
        fee.total = fee.mpc;
    }

    /// @dev A key that Direct left open keeps its index.
    function _admitKey(Terms terms, bytes32 walletTypeId, address owner, uint8 options)
        internal
        override
        returns (uint256 walletIndex, Fee memory fee)
    {
        SignStorage storage $ = _signStorage();
        fee = _charge(terms, options, 0);
        bytes32 workspaceId = _workspaceId(walletTypeId, owner);
        walletIndex = $.walletCount[workspaceId];
        bytes32 walletId = _walletId(walletTypeId, owner, walletIndex);
        if ($.wallets[walletId].state.status() != 0) walletId = _walletId(walletTypeId, owner, ++walletIndex);
        $.walletCount[workspaceId] = walletIndex + 1;
        $.wallets[walletId].state = Wallets.requested(WALLET_REQUESTED, options, 0);
        _setTerms(terms.collect(fee.mpc));
    }

    function _admitSignature(Terms terms, WalletState wallet, bytes32, SignTypes.ZrSignParams calldata params, uint8)
        internal
        override
        returns (Fee memory fee)
    {
        if (wallet.status() == 0) revert ISign.InvalidWalletIndex(params.walletIndex);
        fee = _charge(terms, wallet.options(), 0);
        _setTerms(terms.collect(fee.mpc).nextTraceId());
    }

    /// @dev Calls the payer, so it comes last.
    function _keyRequested(Terms terms, bytes32 walletTypeId, address owner, Fee memory fee) internal override {
        if (terms.demands(Strictness.OMNI_V2)) V2Events.keyRequest(walletTypeId, owner);
        _payOrCredit(_msgSender(), msg.value - fee.total);
    }

    /// @dev Calls the payer, so it comes last.
    function _signatureRequested(Terms terms, SignTypes.ZrSignParams calldata params, uint8 reqType, Fee memory fee)
        internal
        override
    {
        if (terms.demands(Strictness.OMNI_V2)) {
            V2Events.sigRequest(terms.traceId(), SRC_CHAIN_ID(), params, _msgSender(), reqType);
        }
        _payOrCredit(_msgSender(), msg.value - fee.total);
    }

    /// @dev No answer can come, so nothing needs to be waited for.
    function _cancelDelay() internal pure override returns (uint256) {
        return 0;
    }

    /// @dev The ledger may hold the key, so the wallet stays.
    function _afterCancellation(WalletState state, bool) internal pure override returns (WalletState) {
        return _emptied(state);
    }
}
