// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ZrSignBase} from "./ZrSignBase.sol";
import {IZrSignOmni} from "./interfaces/IZrSignOmni.sol";
import {SignTypes} from "./libraries/SignTypes.sol";

/// @title Omni
/// @notice Requests whose answers stay on the ledger. Only the fee of the signing network is kept; the rest of a
/// payment goes back to the payer in the same call. Wallets are counted, so that their indices are known on chain.
/// @dev Balance = collected fees.
contract ZrSignOmni is ZrSignBase, IZrSignOmni {
    /// @custom:storage-location erc7201:zrsign.storage.omni
    struct OmniStorage {
        mapping(bytes32 workspaceId => uint256) walletCount;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("zrsign.storage.omni")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant OMNI_STORAGE = 0x8890aeb47d2d37ab07988e0358665a142d4eaf3c28873ae2386cb916a0b79d00;

    /// @inheritdoc IZrSignOmni
    function getWalletCount(bytes32 walletTypeId, address owner) external view returns (uint256) {
        return _omniStorage().walletCount[_workspaceId(walletTypeId, owner)];
    }

    /// @dev There is no answer to pay for, so only the fee of the signing network is kept.
    function _quote(uint8 options, uint256) internal view override returns (Fee memory fee) {
        fee.mpc = _mpcFee(options);
        fee.total = fee.mpc;
    }

    function _admitKey(bytes32 walletTypeId, address owner, uint8 options)
        internal
        override
        returns (uint256 walletIndex, Fee memory fee)
    {
        SignStorage storage $ = _signStorage();
        fee = _charge(options);
        $.totalMPCFee += fee.mpc;
        walletIndex = _omniStorage().walletCount[_workspaceId(walletTypeId, owner)]++;
        $.walletRegistry[_walletId(walletTypeId, owner, walletIndex)] =
            SignTypes.WalletRegistry(WALLET_REQUESTED, options, 0);
    }

    function _admitSignature(bytes32 walletId, uint256 walletIndex, uint256)
        internal
        override
        returns (Fee memory fee)
    {
        SignStorage storage $ = _signStorage();
        SignTypes.WalletRegistry storage wallet = $.walletRegistry[walletId];
        if (wallet.status == 0) revert InvalidWalletIndex(walletIndex);
        fee = _charge(wallet.options);
        $.totalMPCFee += fee.mpc;
    }

    function _omniStorage() private pure returns (OmniStorage storage $) {
        assembly ("memory-safe") {
            $.slot := OMNI_STORAGE
        }
    }
}
