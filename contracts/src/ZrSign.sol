// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Panic} from "@openzeppelin/contracts/utils/Panic.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ZrSignBase} from "./ZrSignBase.sol";
import {ISign} from "./interfaces/ISign.sol";
import {IZrSign} from "./interfaces/IZrSign.sol";
import {IZrSignConsumer} from "./interfaces/IZrSignConsumer.sol";
import {Authority} from "./libraries/Authority.sol";
import {LimitedCall} from "./libraries/LimitedCall.sol";
import {Request, Requests} from "./libraries/Requests.sol";
import {SignTypes} from "./libraries/SignTypes.sol";
import {Strictness} from "./libraries/Strictness.sol";
import {Terms, TermsFields} from "./libraries/Terms.sol";
import {Wallet, WalletState, Wallets} from "./libraries/Wallets.sol";
import {ZrSignTypes} from "./libraries/ZrSignTypes.sol";

/// @title Direct
/// @notice Requests whose answers come back to this contract, signed by the authority. A request pays in advance for
/// the gas of its answer; what the answer did not cost goes back to the owner.
/// @dev Balance = collected fees + what open requests hold + refund credits.
contract ZrSign is ZrSignBase {
    using Wallets for Wallet;

    uint256 private constant MIN_ADDRESS_LENGTH = 5;
    /// @dev Most wei that one request can hold; its field has 80 bits.
    uint256 private constant MAX_HELD = type(uint80).max;
    /// @dev Gas of one transfer of a refund.
    uint256 private constant TRANSFER_GAS = 7210;
    /// @dev Gas of an answer outside of the implementation: the transaction, the proxy, call data but for what has any
    /// length; and per byte of that. What a submitter appends to its call data is not paid for.
    uint256 private constant OUTSIDE_GAS = 32_000;
    /// @dev The same of each answer of a batch after the first, and what the transaction costs once as well.
    uint256 private constant FURTHER_GAS = 26_000;
    /// @dev The part of it that a transaction costs once, however many answers it has.
    uint256 private constant TRANSACTION_GAS = 21_000;
    uint256 private constant BYTE_GAS = 16;
    /// @dev Gas that an owner with code has to take its refund, and pays for whether it uses it or not.
    uint256 private constant OWNER_GAS = 15_000;
    /// @dev Gas of a credit, which an owner that refuses its refund pays for.
    uint256 private constant CREDIT_GAS = 25_000;

    /// @dev Whether this transaction was paid for, by an answer before.
    bool private transient _transactionPaid;

    /// @notice Part of the interface; no state leads to it.
    error WalletAlreadyRegistered(string wallet);

    // Answers

    /// @notice See {ISign-zrKeyRes}.
    function zrKeyRes(SignTypes.ZrKeyResParams calldata params) external nonReentrant {
        uint256 gasAtStart = gasleft() + OUTSIDE_GAS;
        _requireWalletType(params.walletTypeId);
        if (params.owner == address(0)) revert ISign.OwnableInvalidOwner(params.owner);
        Terms terms = _terms();
        _requireNotPaused(terms);
        _requireKeyAuthority(terms, params);
        uint256 length = bytes(params.wallet).length;
        if (length < MIN_ADDRESS_LENGTH || length > Wallets.MAX_LENGTH) {
            revert ISign.InvalidAddressLength(MIN_ADDRESS_LENGTH, length);
        }

        uint256 held = _register(terms, params);
        emit ISign.ZrKeyResolve(params.walletTypeId, params.owner, params.walletIndex, params.wallet);
        _payOrCredit(_msgSender(), _settle(terms, params.owner, held, gasAtStart, length));
    }

    /// @notice See {ISign-zrSignRes}.
    function zrSignRes(SignTypes.SignResParams calldata params) external nonReentrant {
        uint256 gasAtStart = gasleft() + OUTSIDE_GAS;
        Terms terms = _terms();
        _requireNotPaused(terms);
        Request request = _signStorage().requests[params.traceId];
        if (request.status() != SIG_REQ_IN_PROGRESS) revert RequestNotFoundOrAlreadyProcessed(params.traceId);
        _payOrCredit(_msgSender(), _answer(terms, request, params, gasAtStart));
    }

    /// @notice See {ISign-zrSignResBatch}.
    function zrSignResBatch(SignTypes.SignResParams[] calldata answers) external nonReentrant {
        Terms terms = _terms();
        _requireNotPaused(terms);
        (uint256 cost, uint256 outside) = (0, OUTSIDE_GAS);
        for (uint256 i = 0; i < answers.length; i++) {
            // Nobody pays for an answer that is left out.
            uint256 gasAtStart = gasleft() + outside;
            Request request = _signStorage().requests[answers[i].traceId];
            if (request.status() != SIG_REQ_IN_PROGRESS) continue;
            cost += _answer(terms, request, answers[i], gasAtStart);
            outside = FURTHER_GAS;
        }
        _payOrCredit(_msgSender(), cost);
    }

    /// @notice See {ISign-setAnswerDelivery}.
    function setAnswerDelivery(bytes32 walletTypeId, uint256 walletIndex, uint8 delivery) external {
        bytes32 walletId = _walletId(walletTypeId, _msgSender(), walletIndex);
        WalletState state = _signStorage().wallets[walletId].state;
        if (state.status() == 0) revert ISign.InvalidWalletIndex(walletIndex);
        if (delivery > DELIVERY_STORE + DELIVERY_CALLBACK) revert ISign.InvalidOptions(delivery);
        _signStorage().wallets[walletId].state = state.setDelivery(delivery);
        emit ISign.AnswerDeliveryUpdate(walletTypeId, _msgSender(), walletIndex, delivery);
    }

    // Configuration

    /// @notice See {IZrSign-updateRespGas}.
    function updateRespGas(uint256 newRespGas) external onlyRole(FEE_ROLE) {
        _requireCap(newRespGas, _signStorage().limits.maxRespGas, TermsFields.MAX_RESP_GAS);
        Terms terms = _terms();
        emit ISign.RespGasUpdate(terms.respGas(), newRespGas);
        _setTerms(terms.setRespGas(newRespGas));
    }

    /// @notice See {IZrSign-updateRespGasBuffer}.
    function updateRespGasBuffer(uint256 newRespGasPriceBuffer) external onlyRole(FEE_ROLE) {
        _requireCap(newRespGasPriceBuffer, _signStorage().limits.maxBuffer, TermsFields.MAX_BUFFER);
        Terms terms = _terms();
        emit ISign.RespGasPriceBufferUpdate(terms.buffer(), newRespGasPriceBuffer);
        _setTerms(terms.setBuffer(newRespGasPriceBuffer));
    }

    // Views

    /// @notice See {ISign-getRequestState}.
    function getRequestState(uint256 traceId) external view returns (SignTypes.ReqRegistry memory) {
        return SignTypes.ReqRegistry(_requestStatus(traceId), _signStorage().requests[traceId].held());
    }

    /// @notice See {ISign-getAnswer}.
    function getAnswer(uint256 traceId) external view returns (bytes memory) {
        return _signStorage().compact[traceId].read(_signStorage().answers[traceId]);
    }

    /// @notice See {ISign-getZrKeys}.
    function getZrKeys(bytes32 walletTypeId, address owner) external view returns (string[] memory) {
        string[] memory keys = new string[](_walletCount(walletTypeId, owner));
        for (uint256 index = 0; index < keys.length; index++) {
            keys[index] = _signStorage().wallets[_walletId(walletTypeId, owner, index)].text();
        }
        return keys;
    }

    /// @notice See {ISign-getZrKey}.
    function getZrKey(bytes32 walletTypeId, address owner, uint256 index) external view returns (string memory) {
        if (index >= _walletCount(walletTypeId, owner)) Panic.panic(Panic.ARRAY_OUT_OF_BOUNDS);
        return _signStorage().wallets[_walletId(walletTypeId, owner, index)].text();
    }

    /// @notice See {ISign-getRespGas}.
    function getRespGas() external view returns (uint256) {
        return _terms().respGas();
    }

    /// @notice See {ISign-getRespGasPriceBuffer}.
    function getRespGasPriceBuffer() external view returns (uint256) {
        return _terms().buffer();
    }

    /// @inheritdoc ZrSignBase
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(ISign).interfaceId || interfaceId == type(IZrSign).interfaceId
            || super.supportsInterface(interfaceId);
    }

    // Hooks

    /// @dev Whatever is offered above the price joins what is held for the answer.
    function _quote(Terms terms, uint8 options, uint256 answerGas, uint256 value)
        internal
        view
        override
        returns (Fee memory fee)
    {
        fee.mpc = _mpcFee(terms, options);
        fee.netResp = answerGas * ((block.basefee * terms.buffer()) / 100);
        fee.total = fee.mpc + fee.netResp;
        if (value > fee.total) {
            fee.netResp += value - fee.total;
            fee.total = value;
        }
    }

    /// @dev One key per type and owner can be open; asking again for it adds to what is held for its answer. An owner that
    /// asks again starts its time anew and, where options are strict, chooses them anew: more of them for their fee.
    function _admitKey(Terms terms, bytes32 walletTypeId, address owner, uint8 options)
        internal
        override
        returns (uint256 walletIndex, Fee memory fee)
    {
        walletIndex = _walletCount(walletTypeId, owner);
        fee = _charge(terms, options, terms.respGas());
        Wallet storage wallet = _signStorage().wallets[_walletId(walletTypeId, owner, walletIndex)];
        WalletState state = wallet.state;
        if (state.status() == WALLET_REQUESTED) {
            uint256 held = fee.total;
            if (owner == _msgSender()) {
                state = state.restart();
                if (terms.demands(Strictness.OPTIONS)) {
                    uint8 before = state.options();
                    if (options > before) {
                        uint256 raise = _mpcFee(terms, options - before);
                        held -= raise;
                        _setTerms(terms.collect(raise));
                    }
                    state = state.setOptions(options);
                }
            }
            wallet.state = state.setHeld(_holdable(state.held() + held));
        } else {
            wallet.state = Wallets.requested(WALLET_REQUESTED, options, _holdable(fee.netResp));
            _setTerms(terms.collect(fee.mpc));
        }
    }

    function _admitSignature(
        Terms terms,
        WalletState wallet,
        bytes32 walletId,
        SignTypes.ZrSignParams calldata params,
        uint8 reqType
    ) internal override returns (Fee memory fee) {
        fee = _charge(terms, wallet.options(), _answerGas(terms, wallet, params.payload.length));
        if (wallet.status() != WALLET_REGISTERED && !_isOmnis(wallet, params)) {
            revert ISign.InvalidWalletIndex(params.walletIndex);
        }
        bytes32 context = Requests.context(walletId, params.dstChainId, keccak256(params.payload), reqType);
        _signStorage().requests[terms.traceId()] = Requests.open(
            SIG_REQ_IN_PROGRESS,
            wallet.delivery(),
            _holdable(fee.netResp),
            Requests.commit(_msgSender(), params.broadcast, context)
        );
        _setTerms(terms.collect(fee.mpc).nextTraceId());
    }

    /// @dev The index is free again, unless Omni counted the wallet.
    function _afterCancellation(WalletState state, bool counted) internal pure override returns (WalletState) {
        return counted ? _emptied(state) : WalletState.wrap(0);
    }

    // Details of answers

    /// @dev The options are those of the request as it stands: an owner that asks again does not stop an answer on its way.
    /// Also takes the address of a wallet that Omni counted without one.
    function _register(Terms terms, SignTypes.ZrKeyResParams calldata params) private returns (uint256 held) {
        SignStorage storage $ = _signStorage();
        bytes32 workspaceId = _workspaceId(params.walletTypeId, params.owner);
        uint256 count = $.walletCount[workspaceId];
        Wallet storage wallet = $.wallets[_walletId(params.walletTypeId, params.owner, params.walletIndex)];
        WalletState state = wallet.state;
        bool counted = params.walletIndex < count && state.status() == WALLET_REQUESTED;
        if (params.walletIndex != count && !counted) revert ISign.IncorrectWalletIndex(count, params.walletIndex);
        if (state.status() != WALLET_REQUESTED) revert ISign.WalletNotRequested(params.wallet);
        uint160 account = 0;
        if (terms.demands(Strictness.ADDRESS)) {
            bool valid;
            (valid, account) = ZrSignTypes.parseAddress($.walletTypes[params.walletTypeId].coinType, params.wallet);
            if (!valid) revert ISign.InvalidAddress(params.wallet);
        }
        if (!counted) $.walletCount[workspaceId] = count + 1;
        wallet.register(state, WALLET_REGISTERED, params.wallet, account);
        return state.held();
    }

    /// @dev Ends a request that is open; gives the wei that its submitter gets.
    function _answer(Terms terms, Request request, SignTypes.SignResParams calldata params, uint256 gasAtStart)
        private
        returns (uint256 cost)
    {
        _requireSignAuthority(terms, request, params);
        // Forgotten, which pays gas back: an empty record of a past trace id is an answered request.
        _signStorage().requests[params.traceId] = Request.wrap(0);
        bytes calldata metaData = params.metaData;
        bytes calldata signature = params.signature;
        emit ISign.ZrSigResolve(params.traceId, metaData, signature, params.broadcast);
        if (request.delivery() != 0) _deliver(request.delivery(), params);
        return _settle(terms, params.owner, request.held(), gasAtStart, metaData.length + signature.length);
    }

    /// @dev Stores and announces an answer. The owner's failure changes nothing; a submitter that keeps gas from it
    /// reverts.
    function _deliver(uint8 delivery, SignTypes.SignResParams calldata params) private {
        if (delivery & DELIVERY_STORE != 0 && !_signStorage().compact[params.traceId].keep(params.signature)) {
            _signStorage().answers[params.traceId] = params.signature;
        }
        if (delivery & DELIVERY_CALLBACK == 0) return;
        bytes memory data =
            abi.encodeCall(IZrSignConsumer.onZrSignResponse, (params.traceId, params.metaData, params.signature));
        uint256 required = CALLBACK_GAS + CALLBACK_CALL_GAS;
        if (gasleft() < required) revert ISign.InsufficientGas(required, gasleft());
        emit ISign.ZrSignCallback(params.traceId, params.owner, LimitedCall.attempt(params.owner, CALLBACK_GAS, data));
    }

    /// @dev Pays the owner what the answer leaves; gives what is the submitter's for its gas, also for what the owner's code
    /// made of that.
    function _settle(Terms terms, address owner, uint256 held, uint256 gasAtStart, uint256 length)
        internal
        returns (uint256 cost)
    {
        // Gas has far fewer than 64 bits. A price that nobody could pay would wrap; no cost exceeds what is held.
        unchecked {
            (uint256 used, uint256 price) = _spent(terms, held, gasAtStart, length);
            used += 2 * TRANSFER_GAS;
            if (owner.code.length != 0) used += OWNER_GAS;
            cost = Math.min(used * price, held);
            held -= cost;
            if (held != 0 && !LimitedCall.pay(owner, held, OWNER_GAS)) {
                uint256 refused = Math.min(CREDIT_GAS * price, held);
                cost += refused;
                held -= refused;
                _credit(owner, held);
            }
        }
        emit ISign.ZrSigGasRefund(cost, held);
    }

    /// @dev Gas since `gasAtStart`, which counts what is outside of here, with `length` bytes of call data, and its price. Where
    /// refunds are strict, call data that is most of a transaction has its own price (EIP-7623). Elsewhere a gas limit of
    /// respGas is meant: what was used is then respGas - gasleft(); with a higher one the submitter gets less, down to the
    /// transfers alone, and never more than was measured, whatever respGas became after the request.
    function _spent(Terms terms, uint256 held, uint256 gasAtStart, uint256 length)
        private
        returns (uint256 used, uint256 price)
    {
        price = tx.gasprice;
        unchecked {
            uint256 left = gasleft();
            used = gasAtStart - left + BYTE_GAS * length;
            if (terms.demands(Strictness.REFUND)) {
                price = Math.min(price, _fairPrice(terms, held));
                used = Math.max(used, OUTSIDE_GAS + FLOOR_GAS * length);
            }
            if (_transactionPaid) used -= TRANSACTION_GAS;
            _transactionPaid = true;
            if (!terms.demands(Strictness.REFUND)) {
                used = Math.min(used, terms.respGas() > left ? terms.respGas() - left : 0);
            }
        }
    }

    /// @dev A typed answer is bound to its wallet.
    function _requireKeyAuthority(Terms terms, SignTypes.ZrKeyResParams calldata params) private view {
        bytes calldata signature = params.authSignature;
        if (!_isTyped(terms, signature.length)) {
            _requireSigner(Authority.messageDigest(Authority.keyPayload(SRC_CHAIN_ID(), params)), signature);
            return;
        }
        bytes32 context = Authority.context(signature);
        _requireSigner(Authority.typedDigest(Authority.keyStruct(params, context)), signature);
        if (context != _walletId(params.walletTypeId, params.owner, params.walletIndex)) {
            revert ISign.AnswerMismatch(context);
        }
    }

    /// @dev The base fee with its margin. On a chain without a base fee an owner pays for its answer by what it offers above
    /// the fee, and that is for `respGas`.
    function _fairPrice(Terms terms, uint256 held) private view returns (uint256) {
        if (block.basefee != 0) return (block.basefee * terms.buffer()) / 100;
        return terms.respGas() == 0 ? 0 : held / terms.respGas();
    }

    /// @dev A typed answer is bound to owner, broadcast flag, wallet, destination, payload and kind of its request.
    function _requireSignAuthority(Terms terms, Request request, SignTypes.SignResParams calldata params) private view {
        bytes calldata signature = params.authSignature;
        if (!_isTyped(terms, signature.length)) {
            _requireSigner(Authority.messageDigest(Authority.signPayload(SRC_CHAIN_ID(), params)), signature);
            return;
        }
        bytes32 context = Authority.context(signature);
        _requireSigner(Authority.typedDigest(Authority.signStruct(params, context)), signature);
        if (!request.matches(params.owner, params.broadcast, context)) revert ISign.AnswerMismatch(context);
    }

    function _requireSigner(bytes32 digest, bytes calldata signature) private view {
        (address signer, uint8 failure) = Authority.recover(digest, signature);
        if (failure != 0) revert ISign.InvalidSignature(failure);
        _checkRole(MPC_ROLE, signer);
    }

    /// @dev A wallet that Omni counted: its key is the ledger's, and its address not known here.
    function _isOmnis(WalletState wallet, SignTypes.ZrSignParams calldata params) private view returns (bool) {
        return
            wallet.status() == WALLET_REQUESTED && params.walletIndex < _walletCount(params.walletTypeId, _msgSender());
    }

    /// @dev What has the length of no form that is taken is an invalid signature.
    function _isTyped(Terms terms, uint256 length) private pure returns (bool) {
        if (length == Authority.TYPED_LENGTH) return true;
        if (length != Authority.SIGNATURE_LENGTH || terms.demands(Strictness.TYPED)) revert ISign.InvalidSignature(2);
        return false;
    }

    function _holdable(uint256 amount) private pure returns (uint256) {
        if (amount > MAX_HELD) revert ISign.PaymentTooLarge(MAX_HELD, amount);
        return amount;
    }
}
