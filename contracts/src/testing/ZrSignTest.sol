// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ZrProxy} from "../ZrProxy.sol";
import {ZrSign} from "../ZrSign.sol";
import {ZrSignBase} from "../ZrSignBase.sol";
import {ZrSignOmni} from "../ZrSignOmni.sol";
import {ISign} from "../interfaces/ISign.sol";
import {IZrSignConfig} from "../interfaces/IZrSignConfig.sol";
import {SignTypes} from "../libraries/SignTypes.sol";

/// @title The part of forge's interface that stands in for the network
interface IZrSignVm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function addr(uint256 privateKey) external pure returns (address);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
}

/// @title Tests of a dApp without a network (Foundry)
/// @notice Deploys a Direct and an Omni contract, and answers what they are asked with keys of its own.
/// @dev Inherit it beside forge-std's `Test`, call `deployZrSign` in `setUp`, and `answerRequests` where the network
/// would answer. The contracts are the real ones: fees, checks, events, deliveries and refunds are theirs. Signatures of
/// EVM wallets verify. Wallets of other chains have a fixed address, and signatures of the form that the network gives,
/// which verify nowhere. The network's own checks are not made. Requests are found in the recorded logs, so a test that
/// reads them itself (`vm.getRecordedLogs`) takes them from `answerRequests`.
abstract contract ZrSignTest {
    IZrSignVm private constant CHEATS = IZrSignVm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant AUTHORITY = uint256(keccak256("zrSign test authority"));
    address private constant SUBMITTER = address(uint160(uint256(keccak256("zrSign test submitter"))));
    address private constant PROXY_ADMIN = address(uint160(uint256(keccak256("zrSign test proxy administrator"))));
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes32 private constant KEY_RESPONSE = keccak256(
        "ZrKeyResponse(bytes32 walletTypeId,address owner,uint256 walletIndex,string wallet,uint8 options,bytes32 context)"
    );
    bytes32 private constant SIGN_RESPONSE = keccak256(
        "ZrSignResponse(uint256 traceId,address owner,bytes metaData,bytes signature,bool broadcast,bytes32 context)"
    );

    /// @dev Wallet types: EVM chains, Bitcoin, its test networks, Solana, Cosmos.
    bytes32 internal constant EVM_WALLET = keccak256(abi.encode(44, 60));
    bytes32 internal constant BITCOIN_WALLET = keccak256(abi.encode(44, 0));
    bytes32 internal constant BITCOIN_TEST_WALLET = keccak256(abi.encode(44, 1));
    bytes32 internal constant SOLANA_WALLET = keccak256(abi.encode(44, 501));
    bytes32 internal constant COSMOS_WALLET = keccak256(abi.encode(44, 118));
    /// @dev Wei that a request costs beside the gas of its answer, times its options.
    uint256 internal constant ZR_SIGN_FEE = 0.0005 ether;
    uint256 internal constant ZR_SIGN_ANSWER_GAS = 400_000;

    ZrSign internal zrSign;
    ZrSignOmni internal zrSignOmni;
    mapping(address zrSignContract => mapping(uint256 traceId => bytes)) private _signatures;
    mapping(address zrSignContract => mapping(uint256 traceId => bool)) private _refused;

    /// @dev Deploys both contracts with every wallet type, this chain and the usual ones, and begins to record requests.
    function deployZrSign() internal virtual {
        bytes memory initialize = abi.encodeCall(IZrSignConfig.initializeV1, ());
        zrSign = ZrSign(payable(address(new ZrProxy(address(new ZrSign()), PROXY_ADMIN, initialize))));
        zrSignOmni = ZrSignOmni(payable(address(new ZrProxy(address(new ZrSignOmni()), PROXY_ADMIN, initialize))));
        _configure(zrSign);
        _configure(zrSignOmni);
        zrSign.grantRole(zrSign.FEE_ROLE(), address(this));
        zrSign.updateRespGas(ZR_SIGN_ANSWER_GAS);
        zrSign.updateRespGasBuffer(120);
        CHEATS.recordLogs();
    }

    /// @dev Lets both contracts take a destination by its CAIP-2 id.
    function supportChain(bytes32 walletTypeId, string memory caip2) internal {
        zrSign.chainIdConfig(walletTypeId, caip2, true);
        zrSignOmni.chainIdConfig(walletTypeId, caip2, true);
    }

    /// @dev Answers what was asked since the last call, in order, but what `refuse` named. Direct is told; what Omni
    /// asked is kept for `signatureOf`, as the ledger would.
    /// @return answered How many requests.
    function answerRequests() internal returns (uint256 answered) {
        IZrSignVm.Log[] memory logs = CHEATS.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(zrSign) && logs[i].emitter != address(zrSignOmni)) continue;
            if (logs[i].topics[0] == ISign.ZrKeyRequest.selector) answered += _answerKey(logs[i]);
            else if (logs[i].topics[0] == ISign.ZrSigRequest.selector) answered += _answerSignature(logs[i]);
        }
    }

    /// @dev The network will refuse this signature request of Direct or Omni: no answer ever comes.
    function refuse(address zrSignContract, uint256 traceId) internal {
        _refused[zrSignContract][traceId] = true;
    }

    /// @dev Lets the time pass after which unanswered requests of Direct can be cancelled.
    function letRequestsExpire() internal {
        CHEATS.warp(block.timestamp + 1 days + 1);
    }

    /// @dev The signature that answered a request, as Direct was told or as the ledger keeps it for Omni; empty without one.
    function signatureOf(address zrSignContract, uint256 traceId) internal view returns (bytes memory) {
        return _signatures[zrSignContract][traceId];
    }

    /// @dev The secret key of a wallet. A wallet's key does not depend on whether it was asked for.
    function walletKey(bytes32 walletTypeId, address owner, uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("zrSign test wallet", walletTypeId, owner, index))) % HALF_ORDER + 1;
    }

    /// @dev The address of an EVM wallet.
    function evmWallet(address owner, uint256 index) internal pure returns (address) {
        return CHEATS.addr(walletKey(EVM_WALLET, owner, index));
    }

    /// @dev The address that answers a key request, in the notation of its chain.
    function addressOf(bytes32 walletTypeId, address owner, uint256 index)
        internal
        view
        virtual
        returns (string memory)
    {
        if (walletTypeId == EVM_WALLET) {
            return Strings.toChecksumHexString(evmWallet(owner, index));
        }
        if (walletTypeId == BITCOIN_WALLET) return "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        if (walletTypeId == BITCOIN_TEST_WALLET) return "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";
        if (walletTypeId == SOLANA_WALLET) return "4fYNw3dojWmQ4dXtSGE9epjRGy9pFSx62YypT7avPYvA";
        return "cosmos1hsk6jryyqjfhp5dhc55tc9jtckygx0eph6dd02";
    }

    /// @dev What the wallet signs for a request: the digest itself, EIP-191's of data, that of an unsigned transaction. A
    /// simple transaction is not composed here: its payload takes the place of the transaction.
    function digestOf(SignTypes.SigReqParams memory request) internal pure virtual returns (bytes32) {
        if (request.zrSignReqType == 0) return bytes32(request.payload);
        if (request.zrSignReqType == 3 && request.walletTypeId == EVM_WALLET) {
            return MessageHashUtils.toEthSignedMessageHash(request.payload);
        }
        return keccak256(request.payload);
    }

    /// @dev The signature as a Direct contract is told: r, s, v with v 27 or 28; r, s for Bitcoin; 64 bytes for Solana.
    function toldSignature(SignTypes.SigReqParams memory request) internal pure virtual returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = _sign(request);
        return _isRecoverable(request.walletTypeId) ? abi.encodePacked(r, s, v) : abi.encodePacked(r, s);
    }

    /// @dev The signature as the ledger keeps it: r, s, v with v 0 or 1; DER for Bitcoin; 64 bytes for Solana.
    function keptSignature(SignTypes.SigReqParams memory request) internal pure virtual returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = _sign(request);
        if (_isRecoverable(request.walletTypeId)) return abi.encodePacked(r, s, v - 27);
        return request.walletTypeId == SOLANA_WALLET ? abi.encodePacked(r, s) : _der(r, s);
    }

    function _sign(SignTypes.SigReqParams memory request) private pure returns (uint8, bytes32, bytes32) {
        uint256 key = walletKey(request.walletTypeId, request.owner, request.walletIndex);
        return CHEATS.sign(key, digestOf(request));
    }

    function _isRecoverable(bytes32 walletTypeId) private pure returns (bool) {
        return walletTypeId == EVM_WALLET || walletTypeId == COSMOS_WALLET;
    }

    function _configure(ZrSignBase sign) private {
        sign.grantRole(sign.MPC_ROLE(), CHEATS.addr(AUTHORITY));
        sign.grantRole(sign.FEE_ROLE(), address(this));
        sign.updateMPCFee(ZR_SIGN_FEE);
        sign.walletTypeIdConfig(44, 60, true);
        sign.walletTypeIdConfig(44, 0, true);
        sign.walletTypeIdConfig(44, 1, true);
        sign.walletTypeIdConfig(44, 501, true);
        sign.walletTypeIdConfig(44, 118, true);
        sign.chainIdConfig(EVM_WALLET, string.concat("eip155:", Strings.toString(block.chainid)), true);
        sign.chainIdConfig(EVM_WALLET, "eip155:1", true);
        sign.chainIdConfig(EVM_WALLET, "eip155:11155111", true);
        sign.chainIdConfig(BITCOIN_WALLET, "bip122:000000000019d6689c085ae165831e93", true);
        sign.chainIdConfig(BITCOIN_TEST_WALLET, "bip122:0f9188f13cb7b2c71f2a335e3a4fc328", true);
        sign.chainIdConfig(BITCOIN_TEST_WALLET, "bip122:00000008819873e925422c1ff0f99f7c", true);
        sign.chainIdConfig(BITCOIN_TEST_WALLET, "bip122:00000000da84f2bafbbc53dee25a72ae", true);
        sign.chainIdConfig(SOLANA_WALLET, "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", true);
        sign.chainIdConfig(SOLANA_WALLET, "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1", true);
        sign.chainIdConfig(SOLANA_WALLET, "solana:localnet", true);
    }

    function _answerKey(IZrSignVm.Log memory log) private returns (uint256) {
        if (log.emitter != address(zrSign)) return 1;
        bytes32 walletTypeId = log.topics[1];
        address owner = address(uint160(uint256(log.topics[2])));
        uint256 index = uint256(log.topics[3]);
        (uint8 options,,) = abi.decode(log.data, (uint8, uint256, uint256));
        SignTypes.ZrKeyResParams memory answer =
            SignTypes.ZrKeyResParams(walletTypeId, owner, index, addressOf(walletTypeId, owner, index), options, "");
        answer.authSignature = _keyAuthority(answer);
        CHEATS.prank(SUBMITTER);
        zrSign.zrKeyRes{gas: ZR_SIGN_ANSWER_GAS}(answer);
        return 1;
    }

    function _answerSignature(IZrSignVm.Log memory log) private returns (uint256) {
        uint256 traceId = uint256(log.topics[1]);
        if (_refused[log.emitter][traceId]) return 0;
        (,, SignTypes.SigReqParams memory request) = abi.decode(log.data, (uint256, uint256, SignTypes.SigReqParams));
        bool isDirect = log.emitter == address(zrSign);
        bytes memory signature = isDirect ? toldSignature(request) : keptSignature(request);
        _signatures[log.emitter][traceId] = signature;
        if (isDirect) _deliver(traceId, request, signature);
        return 1;
    }

    function _deliver(uint256 traceId, SignTypes.SigReqParams memory request, bytes memory signature) private {
        bool isTransaction = request.zrSignReqType == 1 || request.zrSignReqType == 2;
        SignTypes.SignResParams memory answer = SignTypes.SignResParams(
            traceId, request.owner, isTransaction ? request.payload : bytes(""), signature, request.broadcast, ""
        );
        SignTypes.ZrSignParams memory asked = SignTypes.ZrSignParams(
            request.walletTypeId, request.walletIndex, request.dstChainId, request.payload, request.broadcast
        );
        bytes32 context = zrSign.requestContext(request.owner, asked, request.zrSignReqType);
        answer.authSignature = _signAuthority(answer, context);
        CHEATS.prank(SUBMITTER);
        zrSign.zrSignRes{gas: ZR_SIGN_ANSWER_GAS}(answer);
    }

    function _keyAuthority(SignTypes.ZrKeyResParams memory answer) private view returns (bytes memory) {
        bytes32 context = keccak256(
            abi.encode(block.chainid, address(zrSign), answer.walletTypeId, answer.owner, answer.walletIndex)
        );
        bytes memory fields = abi.encode(
            KEY_RESPONSE,
            answer.walletTypeId,
            answer.owner,
            answer.walletIndex,
            keccak256(bytes(answer.wallet)),
            answer.options,
            context
        );
        return _typed(keccak256(fields), context);
    }

    function _signAuthority(SignTypes.SignResParams memory answer, bytes32 context)
        private
        view
        returns (bytes memory)
    {
        bytes memory fields = abi.encode(
            SIGN_RESPONSE,
            answer.traceId,
            answer.owner,
            keccak256(answer.metaData),
            keccak256(answer.signature),
            answer.broadcast,
            context
        );
        return _typed(keccak256(fields), context);
    }

    /// @dev The authority's EIP-712 signature, with the context appended.
    function _typed(bytes32 structHash, bytes32 context) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("zrSign"),
                keccak256("1"),
                block.chainid,
                address(zrSign)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = CHEATS.sign(AUTHORITY, MessageHashUtils.toTypedDataHash(domain, structHash));
        return abi.encodePacked(r, s, v, context);
    }

    /// @dev r and s in DER, as integers without leading zeros and with a zero where the first bit is set.
    function _der(bytes32 r, bytes32 s) private pure returns (bytes memory) {
        bytes memory both = abi.encodePacked(_integer(r), _integer(s));
        return abi.encodePacked(bytes1(0x30), uint8(both.length), both);
    }

    function _integer(bytes32 value) private pure returns (bytes memory) {
        uint256 zeros = 0;
        while (zeros < 31 && value[zeros] == 0) ++zeros;
        bytes memory digits = new bytes(32 - zeros);
        for (uint256 i = 0; i < digits.length; ++i) {
            digits[i] = value[zeros + i];
        }
        if (uint8(digits[0]) >= 0x80) digits = abi.encodePacked(bytes1(0), digits);
        return abi.encodePacked(bytes1(0x02), uint8(digits.length), digits);
    }
}
