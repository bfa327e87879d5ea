// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ISign} from "./interfaces/ISign.sol";
import {SignTypes} from "./libraries/SignTypes.sol";

/// @title Base of a dApp
/// @notice Requests keys and signatures for the contract that inherits it, and pays for them from its balance.
/// @dev Nothing here asks who calls: who may spend the balance and use the wallets is for the dApp to say. Override
/// `requestNewEVMWallet` and `requestNewBTCWallet`, and guard every function that leads to a `reqSignFor…`.
abstract contract ZrSignConnect {
    using RLP for *;

    /// @notice Wallet type of EVM chains, 44/60.
    bytes32 public constant EVM_WALLET_TYPE = 0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a;
    /// @notice Wallet type of Bitcoin's test networks, 44/1.
    bytes32 public constant BTC_WALLET_TYPE = 0xe03615811ae25b894de73e643038c13c37f602dc1e17ff1a02e5854893f3bd5e;
    /// @notice Wallet status: asked for.
    uint8 public constant WALLET_REQUESTED = 1;
    /// @notice Wallet status: its address is known on chain.
    uint8 public constant WALLET_REGISTERED = 2;

    bytes1 private constant RLP_EMPTY = 0x80;

    /// @notice The contract that requests go to.
    address payable public immutable ZR_SIGN_ADDRESS;

    /// @notice Ether came without call data: funds for requests, or change of one.
    event Received(address indexed sender, uint256 amount);
    /// @notice A call came for a function that does not exist.
    event FallbackCalled(address indexed sender, uint256 amount, bytes data);

    /// @notice Sets where requests go.
    /// @param zrSignAddress Proxy of a Direct or Omni deployment.
    constructor(address payable zrSignAddress) {
        ZR_SIGN_ADDRESS = zrSignAddress;
    }

    /// @notice Takes ether for requests.
    receive() external payable virtual {
        emit Received(msg.sender, msg.value);
    }

    /// @notice Takes ether with unknown call data.
    fallback() external payable virtual {
        emit FallbackCalled(msg.sender, msg.value, msg.data);
    }

    /// @notice Requests an EVM wallet of this contract.
    /// @param options 1 normal, 2 monitored.
    function requestNewEVMWallet(uint8 options) public payable virtual {
        _requestNewWallet(EVM_WALLET_TYPE, options);
    }

    /// @notice Requests a wallet of this contract on Bitcoin's test networks.
    /// @param options 1 normal, 2 monitored.
    function requestNewBTCWallet(uint8 options) public payable virtual {
        _requestNewWallet(BTC_WALLET_TYPE, options);
    }

    /// @notice EVM wallets of this contract (Direct only: Omni keeps addresses on the ledger).
    /// @return Addresses by wallet index.
    function getEVMWallets() public view virtual returns (string[] memory) {
        return ISign(ZR_SIGN_ADDRESS).getZrKeys(EVM_WALLET_TYPE, address(this));
    }

    /// @notice One EVM wallet of this contract (Direct only).
    /// @param index Wallet index.
    /// @return Address.
    function getEVMWallet(uint256 index) public view virtual returns (string memory) {
        return ISign(ZR_SIGN_ADDRESS).getZrKey(EVM_WALLET_TYPE, address(this), index);
    }

    /// @notice Bitcoin wallets of this contract (Direct only).
    /// @return Addresses by wallet index.
    function getBTCWallets() public view virtual returns (string[] memory) {
        return ISign(ZR_SIGN_ADDRESS).getZrKeys(BTC_WALLET_TYPE, address(this));
    }

    /// @notice One Bitcoin wallet of this contract (Direct only).
    /// @param index Wallet index.
    /// @return Address.
    function getBTCWallet(uint256 index) public view virtual returns (string memory) {
        return ISign(ZR_SIGN_ADDRESS).getZrKey(BTC_WALLET_TYPE, address(this), index);
    }

    /// @dev Requests a signature over a digest, signed as it is.
    function reqSignForHash(bytes32 walletTypeId, uint256 walletIndex, bytes32 dstChainId, bytes32 payloadHash)
        internal
        virtual
    {
        SignTypes.ZrSignParams memory params =
            SignTypes.ZrSignParams(walletTypeId, walletIndex, dstChainId, abi.encodePacked(payloadHash), false);
        ISign(ZR_SIGN_ADDRESS).zrSignHash{value: _signFee(walletTypeId, walletIndex)}(params);
    }

    /// @dev Requests a signature over an unsigned transaction, such as `rlpEncodeTransaction` makes.
    function reqSignForTx(
        bytes32 walletTypeId,
        uint256 walletIndex,
        bytes32 dstChainId,
        bytes memory payload,
        bool broadcast
    ) internal virtual {
        SignTypes.ZrSignParams memory params =
            SignTypes.ZrSignParams(walletTypeId, walletIndex, dstChainId, payload, broadcast);
        ISign(ZR_SIGN_ADDRESS).zrSignTx{value: _signFee(walletTypeId, walletIndex)}(params);
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
    ) internal virtual {
        bytes memory payload = SignTypes.encodeSimple(SignTypes.SimpleTx(to, value, data));
        SignTypes.ZrSignParams memory params =
            SignTypes.ZrSignParams(walletTypeId, walletIndex, dstChainId, payload, broadcast);
        ISign(ZR_SIGN_ADDRESS).zrSignSimpleTx{value: _signFee(walletTypeId, walletIndex)}(params);
    }

    /// @dev A byte string as an RLP item, for `encodeTransaction`.
    function rlpEncodeData(bytes memory data) internal pure virtual returns (bytes memory) {
        return data.encode();
    }

    /// @dev An unsigned legacy transaction. `data` is plain call data: it is encoded here.
    function rlpEncodeTransaction(
        uint256 nonce,
        uint256 gasPrice,
        uint256 gasLimit,
        address to,
        uint256 value,
        bytes memory data
    ) internal pure virtual returns (bytes memory) {
        return encodeTransaction(
            nonce.encode(), gasPrice.encode(), gasLimit.encode(), to.encode(), value.encode(), rlpEncodeData(data)
        );
    }

    /// @dev An unsigned legacy transaction from RLP items: the six, then three empty ones where a signature goes.
    function encodeTransaction(
        bytes memory nonce,
        bytes memory gasPrice,
        bytes memory gasLimit,
        bytes memory to,
        bytes memory value,
        bytes memory data
    ) internal pure virtual returns (bytes memory) {
        bytes[] memory items = new bytes[](9);
        items[0] = nonce;
        items[1] = gasPrice;
        items[2] = gasLimit;
        items[3] = to;
        items[4] = value;
        items[5] = data;
        items[6] = items[7] = items[8] = abi.encodePacked(RLP_EMPTY);
        return items.encode();
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

    function _requestNewWallet(bytes32 walletTypeId, uint8 options) private {
        (,, uint256 fee) = ISign(ZR_SIGN_ADDRESS).estimateFee(options, 0);
        ISign(ZR_SIGN_ADDRESS).zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(address(this), walletTypeId, options));
    }

    function _signFee(bytes32 walletTypeId, uint256 walletIndex) private view returns (uint256 fee) {
        (,, fee) = ISign(ZR_SIGN_ADDRESS).estimateFee(walletTypeId, address(this), walletIndex, 0);
    }
}
