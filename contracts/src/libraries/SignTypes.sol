// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @title Request and response types
/// @notice Field order is the ABI order; it never changes. Only contracts that call its functions link this library.
library SignTypes {
    /// @notice Asks for a key of `walletTypeId` for `owner`; `options` 1 is normal, 2 is monitored (needed for simple transactions).
    struct ZrKeyReqParams {
        address owner;
        bytes32 walletTypeId;
        uint8 options;
    }

    /// @notice The older key request: the owner is the caller.
    struct ZrKeyReqCallerParams {
        bytes32 walletTypeId;
        uint8 options;
    }

    /// @notice The oldest key request: the owner is the caller, the options are 1.
    struct ZrKeyReqTypeParams {
        bytes32 walletTypeId;
    }

    /// @notice Answers a key request; `wallet` is the address in the notation of its chain, `authSignature` is r, s, v of the authority.
    struct ZrKeyResParams {
        bytes32 walletTypeId;
        address owner;
        uint256 walletIndex;
        string wallet;
        uint8 options;
        bytes authSignature;
    }

    /// @notice Asks the caller's wallet `walletIndex` for a signature over `payload`, meant for chain `dstChainId`.
    struct ZrSignParams {
        bytes32 walletTypeId;
        uint256 walletIndex;
        bytes32 dstChainId;
        bytes payload;
        bool broadcast;
    }

    /// @notice What the signature request event carries; `zrSignReqType` is one of the IS_*_MASK values.
    struct SigReqParams {
        bytes32 walletTypeId;
        uint256 walletIndex;
        bytes32 dstChainId;
        bytes payload;
        address owner;
        uint8 zrSignReqType;
        bool broadcast;
    }

    /// @notice Answers signature request `traceId`; `authSignature` is r, s, v of the authority.
    struct SignResParams {
        uint256 traceId;
        address owner;
        bytes metaData;
        bytes signature;
        bool broadcast;
        bytes authSignature;
    }

    /// @notice State of one wallet; `value` is the wei held to pay for its answer.
    struct WalletRegistry {
        uint8 status;
        uint8 options;
        uint256 value;
    }

    /// @notice State of one signature request; `value` is the wei held to pay for its answer.
    struct ReqRegistry {
        uint8 status;
        uint256 value;
    }

    /// @notice What a deployment demands and how far its fees may go; 0 is no limit of its own.
    /// `strictness` are flags of `Strictness`, `cancelDelay` the seconds after which an unanswered request may be
    /// cancelled (0: one day), the rest are caps in wei, gas and percent.
    struct Safety {
        uint8 strictness;
        uint32 cancelDelay;
        uint256 maxMPCFee;
        uint256 maxRespGas;
        uint256 maxRespGasPriceBuffer;
    }

    /// @notice Everything that is kept of a signature request. `status` 3 is cancelled; `delivery` is what the owner
    /// asked for its answer (1 store, 2 call back); `commitment` stands for owner, broadcast flag and context.
    struct RequestInfo {
        uint8 status;
        uint8 delivery;
        uint256 value;
        uint256 requestedAt;
        bytes16 commitment;
    }

    /// @notice A transfer that says only recipient, value and data; the network composes the rest.
    struct SimpleTx {
        string to;
        uint256 value;
        bytes data;
    }

    /// @notice Encodes a simple transaction as the payload of `zrSignSimpleTx`.
    /// @param simpleTx Recipient in the notation of its chain, value in the chain's smallest unit, call data or memo.
    /// @return The call data of `transaction(string,uint256,bytes)`.
    function encodeSimple(SimpleTx memory simpleTx) public pure returns (bytes memory) {
        return abi.encodeWithSignature("transaction(string,uint256,bytes)", simpleTx.to, simpleTx.value, simpleTx.data);
    }

    /// @notice Reads what `encodeSimple` wrote.
    /// @param payload The payload of a simple transaction request.
    /// @return to Recipient.
    /// @return value Value in the chain's smallest unit.
    /// @return signature The selector that the payload begins with; 0x4dbda8d6 in a well-formed one.
    /// @return data Call data or memo.
    function decodeSimpleTx(bytes calldata payload)
        external
        pure
        returns (string memory to, uint256 value, bytes4 signature, bytes memory data)
    {
        signature = bytes4(payload[:4]);
        (to, value, data) = abi.decode(payload[4:], (string, uint256, bytes));
    }
}
