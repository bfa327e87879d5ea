// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {SignTypes} from "./SignTypes.sol";

/// @title What the authority signs
/// @notice Two forms. EIP-191, as the older contracts take it: 65 bytes r, s, v over an ABI-encoded payload that names
/// the source chain. EIP-712: r, s, v and the context of the request, 97 bytes; it is bound to chain, contract, kind of
/// message and request.
library Authority {
    bytes32 internal constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant KEY_RESPONSE = keccak256(
        "ZrKeyResponse(bytes32 walletTypeId,address owner,uint256 walletIndex,string wallet,uint8 options,bytes32 context)"
    );
    bytes32 internal constant SIGN_RESPONSE = keccak256(
        "ZrSignResponse(uint256 traceId,address owner,bytes metaData,bytes signature,bool broadcast,bytes32 context)"
    );
    bytes32 internal constant NAME = keccak256("zrSign");
    bytes32 internal constant VERSION = keccak256("1");
    uint256 internal constant SIGNATURE_LENGTH = 65;
    uint256 internal constant TYPED_LENGTH = 97;

    /// @dev The request that a typed signature, of 97 bytes, is bound to.
    function context(bytes calldata authSignature) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := calldataload(add(authSignature.offset, SIGNATURE_LENGTH))
        }
    }

    /// @dev The signer of a digest; `authSignature` has at least 65 bytes.
    function recover(bytes32 digest, bytes calldata authSignature)
        internal
        pure
        returns (address signer, uint8 failure)
    {
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            r := calldataload(authSignature.offset)
            s := calldataload(add(authSignature.offset, 32))
            v := byte(0, calldataload(add(authSignature.offset, 64)))
        }
        ECDSA.RecoverError outcome;
        (signer, outcome,) = ECDSA.tryRecover(digest, v, r, s);
        failure = uint8(outcome);
    }

    /// @dev Digest of the EIP-191 form.
    function messageDigest(bytes32 payloadHash) internal pure returns (bytes32) {
        return MessageHashUtils.toEthSignedMessageHash(payloadHash);
    }

    /// @dev Digest of the EIP-712 form.
    function typedDigest(bytes32 structHash) internal view returns (bytes32) {
        (bytes32 kind, bytes32 name, bytes32 version, bytes32 domain) = (DOMAIN, NAME, VERSION, 0);
        // keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, address(this)))
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, kind)
            mstore(add(free, 0x20), name)
            mstore(add(free, 0x40), version)
            mstore(add(free, 0x60), chainid())
            mstore(add(free, 0x80), address())
            domain := keccak256(free, 0xa0)
        }
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }

    function keyPayload(bytes32 srcChainId, SignTypes.ZrKeyResParams calldata params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(srcChainId, params.walletTypeId, params.owner, params.walletIndex, params.wallet, params.options)
        );
    }

    function signPayload(bytes32 srcChainId, SignTypes.SignResParams calldata params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(srcChainId, params.traceId, params.owner, params.metaData, params.signature, params.broadcast)
        );
    }

    function keyStruct(SignTypes.ZrKeyResParams calldata params, bytes32 context_) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                KEY_RESPONSE,
                params.walletTypeId,
                params.owner,
                params.walletIndex,
                keccak256(bytes(params.wallet)),
                params.options,
                context_
            )
        );
    }

    function signStruct(SignTypes.SignResParams calldata params, bytes32 context_) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                SIGN_RESPONSE,
                params.traceId,
                params.owner,
                keccak256(params.metaData),
                keccak256(params.signature),
                params.broadcast,
                context_
            )
        );
    }
}
