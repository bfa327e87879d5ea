// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ZrSignBase} from "./ZrSignBase.sol";
import {ISign} from "./interfaces/ISign.sol";
import {IZrSign} from "./interfaces/IZrSign.sol";
import {SignTypes} from "./libraries/SignTypes.sol";

/// @title Direct
/// @notice Requests whose answers come back to this contract, signed by the authority. A request pays in advance for
/// the gas of its answer; what the answer did not cost goes back to the owner.
/// @dev Balance = collected fees + what open requests hold + refund credits.
contract ZrSign is ZrSignBase, IZrSign {
    /// @custom:storage-location erc7201:zrsign.storage.refund
    struct RefundStorage {
        mapping(address account => uint256) credit;
    }

    /// @dev keccak256(abi.encode(uint256(keccak256("zrsign.storage.refund")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant REFUND_STORAGE = 0x5a28df69a7d97a211239eae80d7faa7a0be3c956f5721aabe148a722d58f4c00;
    /// @dev Gas of one transfer of a refund.
    uint256 private constant TRANSFER_GAS = 7210;
    /// @dev Gas that a recipient of a refund may use, so that it cannot burn the submitter's.
    uint256 private constant RECEIVE_GAS = 50_000;
    uint256 private constant MIN_ADDRESS_LENGTH = 5;

    // Answers

    /// @inheritdoc ISign
    function zrKeyRes(SignTypes.ZrKeyResParams calldata params) external {
        _requireWalletType(params.walletTypeId);
        if (params.owner == address(0)) revert OwnableInvalidOwner(params.owner);
        _requireNotPaused();
        _requireAuthority(_keyPayloadHash(params), params.authSignature);
        uint256 length = bytes(params.wallet).length;
        if (length < MIN_ADDRESS_LENGTH) revert InvalidAddressLength(MIN_ADDRESS_LENGTH, length);

        uint256 held = _register(params);
        emit ZrKeyResolve(params.walletTypeId, params.owner, params.walletIndex, params.wallet);
        _refund(params.owner, held);
    }

    /// @inheritdoc ISign
    function zrSignRes(SignTypes.SignResParams calldata params) external {
        _requireNotPaused();
        SignTypes.ReqRegistry storage request = _signStorage().reqRegistry[params.traceId];
        if (request.status != SIG_REQ_IN_PROGRESS) revert RequestNotFoundOrAlreadyProcessed(params.traceId);
        _requireAuthority(_signPayloadHash(params), params.authSignature);

        request.status = SIG_REQ_ALREADY_PROCESSED;
        emit ZrSigResolve(params.traceId, params.metaData, params.signature, params.broadcast);
        _refund(params.owner, request.value);
    }

    /// @inheritdoc ISign
    function claimRefund(address payable to) external {
        RefundStorage storage $ = _refundStorage();
        uint256 amount = $.credit[_msgSender()];
        $.credit[_msgSender()] = 0;
        _pay(to, amount);
    }

    // Configuration

    /// @inheritdoc IZrSign
    function updateRespGas(uint256 newRespGas) external onlyRole(FEE_ROLE) {
        SignStorage storage $ = _signStorage();
        emit RespGasUpdate($.respGas, newRespGas);
        $.respGas = newRespGas;
    }

    /// @inheritdoc IZrSign
    function updateRespGasBuffer(uint256 newRespGasPriceBuffer) external onlyRole(FEE_ROLE) {
        SignStorage storage $ = _signStorage();
        emit RespGasPriceBufferUpdate($.respGasPriceBuffer, newRespGasPriceBuffer);
        $.respGasPriceBuffer = newRespGasPriceBuffer;
    }

    // Views

    /// @inheritdoc ISign
    function getRequestState(uint256 traceId) external view returns (SignTypes.ReqRegistry memory) {
        return _signStorage().reqRegistry[traceId];
    }

    /// @inheritdoc ISign
    function getZrKeys(bytes32 walletTypeId, address owner) external view returns (string[] memory) {
        return _signStorage().wallets[_workspaceId(walletTypeId, owner)];
    }

    /// @inheritdoc ISign
    function getZrKey(bytes32 walletTypeId, address owner, uint256 index) external view returns (string memory) {
        return _signStorage().wallets[_workspaceId(walletTypeId, owner)][index];
    }

    /// @inheritdoc ISign
    function getRespGas() external view returns (uint256) {
        return _signStorage().respGas;
    }

    /// @inheritdoc ISign
    function getRespGasPriceBuffer() external view returns (uint256) {
        return _signStorage().respGasPriceBuffer;
    }

    /// @inheritdoc ISign
    function refundCredit(address account) external view returns (uint256) {
        return _refundStorage().credit[account];
    }

    // Hooks

    /// @dev Whatever is offered above the price joins what is held for the answer.
    function _quote(uint8 options, uint256 value) internal view override returns (Fee memory fee) {
        SignStorage storage $ = _signStorage();
        fee.mpc = _mpcFee(options);
        fee.netResp = $.respGas * ((block.basefee * $.respGasPriceBuffer) / 100);
        fee.total = fee.mpc + fee.netResp;
        if (value > fee.total) {
            fee.netResp += value - fee.total;
            fee.total = value;
        }
    }

    /// @dev One key per type and owner can be open; asking again for it adds to what is held for its answer. Whoever
    /// asked first, the options are the owner's to choose.
    function _admitKey(bytes32 walletTypeId, address owner, uint8 options)
        internal
        override
        returns (uint256 walletIndex, Fee memory fee)
    {
        SignStorage storage $ = _signStorage();
        walletIndex = $.wallets[_workspaceId(walletTypeId, owner)].length;
        fee = _charge(options);
        SignTypes.WalletRegistry storage wallet = $.walletRegistry[_walletId(walletTypeId, owner, walletIndex)];
        if (wallet.status == WALLET_REQUESTED) {
            wallet.value += fee.total;
            if (owner == _msgSender()) wallet.options = options;
        } else {
            $.totalMPCFee += fee.mpc;
            wallet.status = WALLET_REQUESTED;
            wallet.options = options;
            wallet.value = fee.netResp;
        }
    }

    function _admitSignature(bytes32 walletId, uint256 walletIndex, uint256 traceId)
        internal
        override
        returns (Fee memory fee)
    {
        SignStorage storage $ = _signStorage();
        SignTypes.WalletRegistry storage wallet = $.walletRegistry[walletId];
        fee = _charge(wallet.options);
        if (wallet.status != WALLET_REGISTERED) revert InvalidWalletIndex(walletIndex);
        $.totalMPCFee += fee.mpc;
        $.reqRegistry[traceId] = SignTypes.ReqRegistry(SIG_REQ_IN_PROGRESS, fee.netResp);
    }

    // Details of answers

    function _register(SignTypes.ZrKeyResParams calldata params) private returns (uint256 held) {
        SignStorage storage $ = _signStorage();
        string[] storage wallets = $.wallets[_workspaceId(params.walletTypeId, params.owner)];
        if (params.walletIndex != wallets.length) revert IncorrectWalletIndex(wallets.length, params.walletIndex);
        SignTypes.WalletRegistry storage wallet =
            $.walletRegistry[_walletId(params.walletTypeId, params.owner, params.walletIndex)];
        if (wallet.status != WALLET_REQUESTED) revert WalletNotRequested(params.wallet);
        wallets.push(params.wallet);
        wallet.status = WALLET_REGISTERED;
        return wallet.value;
    }

    /// @dev Pays the submitter for its gas and the owner the rest. Meant for a gas limit of respGas: what was used is
    /// then respGas - gasleft(); with a higher limit the submitter gets less, down to the transfers alone.
    function _refund(address owner, uint256 held) private nonReentrant {
        uint256 respGas = _signStorage().respGas;
        uint256 left = gasleft();
        uint256 used = (respGas > left ? respGas - left : 0) + 2 * TRANSFER_GAS;
        uint256 cost = used * tx.gasprice;
        if (cost > held) cost = held;
        emit ZrSigGasRefund(cost, held - cost);
        _payOrCredit(_msgSender(), cost);
        _payOrCredit(owner, held - cost);
    }

    /// @dev A recipient that does not take the payment keeps a credit: it must not be able to stop the answer.
    function _payOrCredit(address to, uint256 amount) private {
        if (amount == 0) return;
        (bool sent,) = to.call{value: amount, gas: RECEIVE_GAS}("");
        if (!sent) {
            _refundStorage().credit[to] += amount;
            emit RefundCredited(to, amount);
        }
    }

    function _requireAuthority(bytes32 payloadHash, bytes calldata authSignature) private view {
        (address signer, ECDSA.RecoverError failure,) =
            ECDSA.tryRecoverCalldata(MessageHashUtils.toEthSignedMessageHash(payloadHash), authSignature);
        if (failure != ECDSA.RecoverError.NoError) revert InvalidSignature(uint8(failure));
        _checkRole(MPC_ROLE, signer);
    }

    function _keyPayloadHash(SignTypes.ZrKeyResParams calldata params) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                SRC_CHAIN_ID(), params.walletTypeId, params.owner, params.walletIndex, params.wallet, params.options
            )
        );
    }

    function _signPayloadHash(SignTypes.SignResParams calldata params) private view returns (bytes32) {
        return keccak256(
            abi.encode(
                SRC_CHAIN_ID(), params.traceId, params.owner, params.metaData, params.signature, params.broadcast
            )
        );
    }

    function _refundStorage() private pure returns (RefundStorage storage $) {
        assembly ("memory-safe") {
            $.slot := REFUND_STORAGE
        }
    }
}
