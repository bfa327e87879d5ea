// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IRefunds} from "./interfaces/IRefunds.sol";
import {ISign} from "./interfaces/ISign.sol";
import {IZrSignOmni} from "./interfaces/IZrSignOmni.sol";
import {EvmTransactions, FeeMarketTx} from "./libraries/EvmTransactions.sol";
import {SignTypes} from "./libraries/SignTypes.sol";

/// @title Base of a dApp that decides for itself who spends
/// @notice Requests keys and signatures for the contract that inherits it, and pays for them from its balance.
/// @dev Every request, public or internal, passes `_authorizeSpend`. `ZrSignConnect` implements it with a role; inherit
/// this contract instead when something else decides, such as a vote.
abstract contract ZrSignConnectBase {
    using RLP for *;

    /// @notice Wallet type of EVM chains, 44/60.
    bytes32 public constant EVM_WALLET_TYPE = 0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a;
    /// @notice Wallet type of Bitcoin's test networks, 44/1.
    bytes32 public constant BTC_WALLET_TYPE = 0xe03615811ae25b894de73e643038c13c37f602dc1e17ff1a02e5854893f3bd5e;
    /// @notice Wallet type of Bitcoin, 44/0.
    bytes32 public constant BTC_MAINNET_WALLET_TYPE =
        0x2bfb33747d039531bb279f93c386332ae05e0c10b395017fd2d93fe9fc4c6e23;
    /// @notice Wallet type of Solana, 44/501.
    bytes32 public constant SOLANA_WALLET_TYPE = 0x8a375db0ff9a56957d99a4bad57c805d2a14a800f306caceab7a289e5571d0ef;
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

    /// @dev What `_authorizeSpend` is told: a key, a signature of a kind, a cancellation, or a ledger account.
    bytes4 internal constant REQUEST_KEY = 0x60a48995;
    bytes4 internal constant REQUEST_HASH = ISign.zrSignHash.selector;
    bytes4 internal constant REQUEST_TX = ISign.zrSignTx.selector;
    bytes4 internal constant REQUEST_SIMPLE_TX = ISign.zrSignSimpleTx.selector;
    bytes4 internal constant REQUEST_DATA = ISign.zrSignData.selector;
    bytes4 internal constant REQUEST_CANCEL = IRefunds.cancelRequest.selector;
    bytes4 internal constant REQUEST_LINK = IZrSignOmni.zrLinkAccount.selector;

    /// @notice The contract that requests go to.
    address payable public immutable ZR_SIGN_ADDRESS;

    bool private transient _returning;
    bool private transient _limited;
    uint256 private transient _allowance;

    /// @notice Ether came without call data: funds for requests, or change of one.
    event Received(address indexed sender, uint256 amount);

    /// @notice The balance does not pay for the request.
    error InsufficientBalance(uint256 required, uint256 available);
    /// @notice A request costs more than the call still allows.
    error FeeAboveMaximum(uint256 fee, uint256 allowed);
    /// @notice This contract has no such function.
    error UnknownFunction(bytes4 selector);
    /// @notice The caller does not take back what it paid too much.
    error SurplusRefused(address caller, uint256 amount);

    /// @dev Gives the caller back what it sent and the function did not spend; what was there before stays. Only the
    /// outermost of nested functions does, so that one call's value is never given back twice: guard a function that
    /// makes several requests with it as a whole.
    modifier returnsSurplus() {
        bool outermost = !_returning;
        _returning = true;
        uint256 before = outermost ? address(this).balance - msg.value : 0;
        _;
        if (outermost) {
            _returnSurplus(before);
            _returning = false;
        }
    }

    /// @dev The function spends nothing but what the caller sent. Not for nested functions.
    modifier callerPays() {
        _returning = true;
        uint256 before = address(this).balance - msg.value;
        _;
        uint256 left = address(this).balance;
        if (left < before) revert InsufficientBalance(msg.value + before - left, msg.value);
        _returnSurplus(before);
        _returning = false;
    }

    /// @dev The requests of the function cost at most `maxFee` wei together, whatever the fee has become. A function that
    /// pays from the balance should have it: fees change between the time a call is signed and the time it runs. Not for
    /// nested functions.
    modifier feeAtMost(uint256 maxFee) {
        _limited = true;
        _allowance = maxFee;
        _;
        _limited = false;
    }

    /// @notice Sets where requests go.
    /// @param zrSignAddress Proxy of a Direct or Omni deployment.
    constructor(address payable zrSignAddress) {
        ZR_SIGN_ADDRESS = zrSignAddress;
    }

    /// @notice Takes ether for requests.
    receive() external payable virtual {
        emit Received(msg.sender, msg.value);
    }

    /// @dev A call that does nothing must not succeed: tokens are asked for `permit`, and whoever asks believes the answer.
    fallback() external payable virtual {
        revert UnknownFunction(msg.sig);
    }

    // Wallets

    /// @notice Requests an EVM wallet of this contract.
    /// @param options 1 normal, 2 monitored.
    function requestNewEVMWallet(uint8 options) public payable virtual {
        requestNewWallet(EVM_WALLET_TYPE, options);
    }

    /// @notice Requests a wallet of this contract on Bitcoin's test networks.
    /// @param options 1 normal, 2 monitored.
    function requestNewBTCWallet(uint8 options) public payable virtual {
        requestNewWallet(BTC_WALLET_TYPE, options);
    }

    /// @notice Requests a Solana wallet of this contract.
    /// @param options 1 normal, 2 monitored.
    function requestNewSolanaWallet(uint8 options) public payable virtual {
        requestNewWallet(SOLANA_WALLET_TYPE, options);
    }

    /// @notice Requests a wallet of this contract. The balance pays; what the call itself brought too much goes back.
    /// @param walletTypeId Wallet type.
    /// @param options 1 normal, 2 monitored.
    function requestNewWallet(bytes32 walletTypeId, uint8 options) public payable virtual returnsSurplus {
        reqNewWallet(walletTypeId, options);
    }

    /// @notice Requests a wallet of this contract for at most `maxFee`.
    /// @param walletTypeId Wallet type.
    /// @param options 1 normal, 2 monitored.
    /// @param maxFee Wei.
    function requestWallet(bytes32 walletTypeId, uint8 options, uint256 maxFee)
        public
        payable
        virtual
        feeAtMost(maxFee)
    {
        requestNewWallet(walletTypeId, options);
    }

    /// @notice EVM wallets of this contract (Direct only: Omni keeps addresses on the ledger).
    /// @return Addresses by wallet index.
    function getEVMWallets() public view virtual returns (string[] memory) {
        return getWallets(EVM_WALLET_TYPE);
    }

    /// @notice One EVM wallet of this contract (Direct only).
    /// @param index Wallet index.
    /// @return Address.
    function getEVMWallet(uint256 index) public view virtual returns (string memory) {
        return getWallet(EVM_WALLET_TYPE, index);
    }

    /// @notice Bitcoin wallets of this contract on test networks (Direct only).
    /// @return Addresses by wallet index.
    function getBTCWallets() public view virtual returns (string[] memory) {
        return getWallets(BTC_WALLET_TYPE);
    }

    /// @notice One Bitcoin wallet of this contract on test networks (Direct only).
    /// @param index Wallet index.
    /// @return Address.
    function getBTCWallet(uint256 index) public view virtual returns (string memory) {
        return getWallet(BTC_WALLET_TYPE, index);
    }

    /// @notice Solana wallets of this contract (Direct only).
    /// @return Addresses by wallet index.
    function getSolanaWallets() public view virtual returns (string[] memory) {
        return getWallets(SOLANA_WALLET_TYPE);
    }

    /// @notice One Solana wallet of this contract (Direct only).
    /// @param index Wallet index.
    /// @return Address.
    function getSolanaWallet(uint256 index) public view virtual returns (string memory) {
        return getWallet(SOLANA_WALLET_TYPE, index);
    }

    /// @notice Wallets of this contract of any type (Direct only).
    /// @param walletTypeId Wallet type.
    /// @return Addresses by wallet index.
    function getWallets(bytes32 walletTypeId) public view virtual returns (string[] memory) {
        return ISign(ZR_SIGN_ADDRESS).getZrKeys(walletTypeId, address(this));
    }

    /// @notice One wallet of this contract of any type (Direct only). Panics when there is none.
    /// @param walletTypeId Wallet type.
    /// @param index Wallet index.
    /// @return Address.
    function getWallet(bytes32 walletTypeId, uint256 index) public view virtual returns (string memory) {
        return ISign(ZR_SIGN_ADDRESS).getZrKey(walletTypeId, address(this), index);
    }

    /// @notice Names a ledger account that manages this contract's workspace: its policies, for one (Omni only).
    /// @param account The account, in the ledger's notation.
    function linkAccount(string calldata account) public virtual {
        _authorizeSpend(msg.sender, REQUEST_LINK);
        IZrSignOmni(ZR_SIGN_ADDRESS).zrLinkAccount(account);
    }

    // Refunds

    /// @notice Takes an unanswered signature request back, once its time has passed; what was held for the answer
    /// returns to the balance. The network may have signed all the same, so never ask again for a payment because of it.
    /// @param traceId The request.
    /// @param broadcast The flag that it was made with.
    /// @param context What `requestContext` of the zrSign contract says of it.
    function cancelRequest(uint256 traceId, bool broadcast, bytes32 context) public virtual {
        _authorizeSpend(msg.sender, REQUEST_CANCEL);
        IRefunds(ZR_SIGN_ADDRESS).cancelRequest(traceId, broadcast, context);
    }

    /// @notice Takes an unanswered key request back, once its time has passed.
    /// @param walletTypeId Wallet type.
    /// @param walletIndex Index of the wallet.
    function cancelKeyRequest(bytes32 walletTypeId, uint256 walletIndex) public virtual {
        _authorizeSpend(msg.sender, REQUEST_CANCEL);
        IRefunds(ZR_SIGN_ADDRESS).cancelKeyRequest(walletTypeId, address(this), walletIndex);
    }

    /// @notice Fetches what the zrSign contract could not pay out to this one. For anybody to call.
    function claimRefund() public virtual {
        IRefunds(ZR_SIGN_ADDRESS).claimRefund(payable(address(this)));
    }

    // Who spends

    /// @dev Reverts unless `caller` may make the request now. `request` is one of the REQUEST_ constants.
    function _authorizeSpend(address caller, bytes4 request) internal view virtual;

    // Requests

    /// @dev Requests a wallet of this contract.
    function reqNewWallet(bytes32 walletTypeId, uint8 options) internal virtual {
        _authorizeSpend(msg.sender, REQUEST_KEY);
        (,, uint256 fee) = ISign(ZR_SIGN_ADDRESS).estimateFee(options, 0);
        _requirePayable(fee);
        ISign(ZR_SIGN_ADDRESS).zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(address(this), walletTypeId, options));
    }

    /// @dev Requests a signature over a digest, signed as it is. Like all of these it gives the request's trace id.
    function reqSignForHash(bytes32 walletTypeId, uint256 walletIndex, bytes32 dstChainId, bytes32 payloadHash)
        internal
        virtual
        returns (uint256 traceId)
    {
        SignTypes.ZrSignParams memory params =
            SignTypes.ZrSignParams(walletTypeId, walletIndex, dstChainId, abi.encodePacked(payloadHash), false);
        return ISign(ZR_SIGN_ADDRESS).zrSignHash{value: _prepare(params, REQUEST_HASH)}(params);
    }

    /// @dev Requests a signature over data, hashed in the manner of the wallet type; a Solana wallet signs it as it is.
    function reqSignForData(bytes32 walletTypeId, uint256 walletIndex, bytes32 dstChainId, bytes memory data)
        internal
        virtual
        returns (uint256 traceId)
    {
        SignTypes.ZrSignParams memory params =
            SignTypes.ZrSignParams(walletTypeId, walletIndex, dstChainId, data, false);
        return ISign(ZR_SIGN_ADDRESS).zrSignData{value: _prepare(params, REQUEST_DATA)}(params);
    }

    /// @dev Requests an EVM wallet's signature over a message, as personal_sign makes it (EIP-191, version 0x45).
    function reqSignForMessage(uint256 walletIndex, bytes32 dstChainId, bytes memory message)
        internal
        virtual
        returns (uint256 traceId)
    {
        return reqSignForHash(EVM_WALLET_TYPE, walletIndex, dstChainId, toMessageHash(message));
    }

    /// @dev Requests a signature over an unsigned transaction, such as `encodeFeeMarketTransaction` makes.
    function reqSignForTx(
        bytes32 walletTypeId,
        uint256 walletIndex,
        bytes32 dstChainId,
        bytes memory payload,
        bool broadcast
    ) internal virtual returns (uint256 traceId) {
        SignTypes.ZrSignParams memory params =
            SignTypes.ZrSignParams(walletTypeId, walletIndex, dstChainId, payload, broadcast);
        return ISign(ZR_SIGN_ADDRESS).zrSignTx{value: _prepare(params, REQUEST_TX)}(params);
    }

    /// @dev Requests a transaction that the network composes; the wallet must be a monitored one.
    function reqSignForSimpleTx(
        bytes32 walletTypeId,
        uint256 walletIndex,
        bytes32 dstChainId,
        string memory to,
        uint256 value,
        bytes memory data,
        bool broadcast
    ) internal virtual returns (uint256 traceId) {
        bytes memory payload = abi.encodeWithSignature("transaction(string,uint256,bytes)", to, value, data);
        SignTypes.ZrSignParams memory params =
            SignTypes.ZrSignParams(walletTypeId, walletIndex, dstChainId, payload, broadcast);
        return ISign(ZR_SIGN_ADDRESS).zrSignSimpleTx{value: _prepare(params, REQUEST_SIMPLE_TX)}(params);
    }

    // Unsigned transactions

    /// @dev A byte string as an RLP item, for `encodeTransaction`.
    function rlpEncodeData(bytes memory data) internal pure virtual returns (bytes memory) {
        return data.encode();
    }

    /// @dev An unsigned legacy transaction that names no chain. `data` is plain call data: it is encoded here.
    function rlpEncodeTransaction(
        uint256 nonce,
        uint256 gasPrice,
        uint256 gasLimit,
        address to,
        uint256 value,
        bytes memory data
    ) internal pure virtual returns (bytes memory) {
        return rlpEncodeTransaction(nonce, gasPrice, gasLimit, to, value, data, 0);
    }

    /// @dev An unsigned legacy transaction for one chain (EIP-155): the ledger refuses it for any other.
    function rlpEncodeTransaction(
        uint256 nonce,
        uint256 gasPrice,
        uint256 gasLimit,
        address to,
        uint256 value,
        bytes memory data,
        uint256 chainId
    ) internal pure virtual returns (bytes memory) {
        return EvmTransactions.legacy(
            nonce.encode(),
            gasPrice.encode(),
            gasLimit.encode(),
            to.encode(),
            value.encode(),
            rlpEncodeData(data),
            chainId
        );
    }

    /// @dev An unsigned legacy transaction from RLP items: the six, then three empty ones where a signature goes. An
    /// empty item (0x80) for `to` creates a contract.
    function encodeTransaction(
        bytes memory nonce,
        bytes memory gasPrice,
        bytes memory gasLimit,
        bytes memory to,
        bytes memory value,
        bytes memory data
    ) internal pure virtual returns (bytes memory) {
        return EvmTransactions.legacy(nonce, gasPrice, gasLimit, to, value, data, 0);
    }

    /// @dev An unsigned EIP-1559 transaction.
    function encodeFeeMarketTransaction(FeeMarketTx memory transaction) internal pure virtual returns (bytes memory) {
        return EvmTransactions.feeMarket(transaction);
    }

    // Digests and notation

    /// @dev EIP-191 version 0x45: what personal_sign signs.
    function toMessageHash(bytes memory message) internal pure virtual returns (bytes32) {
        return MessageHashUtils.toEthSignedMessageHash(message);
    }

    /// @dev EIP-191 version 0x00: data for one validator contract.
    function toValidatorDataHash(address validator, bytes memory data) internal pure virtual returns (bytes32) {
        return MessageHashUtils.toDataWithIntendedValidatorHash(validator, data);
    }

    /// @dev keccak256 of a CAIP-2 id: how requests name a destination.
    function toChainId(string memory caip2) internal pure virtual returns (bytes32) {
        return keccak256(bytes(caip2));
    }

    /// @dev Lower-case hexadecimal of an address, with 0x.
    function toHexString(address account) internal pure virtual returns (string memory) {
        return Strings.toHexString(account);
    }

    /// @dev Hexadecimal of a number in `length` bytes, with 0x.
    function toHexString(uint256 value, uint256 length) internal pure virtual returns (string memory) {
        return Strings.toHexString(value, length);
    }

    /// @dev EIP-55 notation of an address.
    function toChecksumHexString(address account) internal pure virtual returns (string memory) {
        return Strings.toChecksumHexString(account);
    }

    /// @dev What the request costs, once it is allowed and can be paid.
    function _prepare(SignTypes.ZrSignParams memory params, bytes4 request) private returns (uint256 fee) {
        _authorizeSpend(msg.sender, request);
        (,, fee) = ISign(ZR_SIGN_ADDRESS).estimateFee(address(this), params, 0);
        _requirePayable(fee);
    }

    function _returnSurplus(uint256 before) private {
        uint256 left = address(this).balance;
        uint256 surplus = left > before ? left - before : 0;
        if (surplus > msg.value) surplus = msg.value;
        if (surplus == 0) return;
        (bool taken,) = msg.sender.call{value: surplus}("");
        if (!taken) revert SurplusRefused(msg.sender, surplus);
    }

    /// @dev Takes the fee of a request out of what the call allows.
    function _requirePayable(uint256 required) private {
        if (_limited) {
            if (required > _allowance) revert FeeAboveMaximum(required, _allowance);
            _allowance -= required;
        }
        if (address(this).balance < required) revert InsufficientBalance(required, address(this).balance);
    }
}
