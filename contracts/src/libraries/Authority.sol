// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

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
    uint256 internal constant TYPED_LENGTH = 97;
    uint256 private constant SIGNATURE_LENGTH = 65;

    /// @dev The request that a typed signature is bound to.
    function context(bytes calldata authSignature) internal pure returns (bytes32) {
        return bytes32(authSignature[SIGNATURE_LENGTH:]);
    }

    /// @dev The signer of the EIP-191 form. Any length but 65 is an invalid one.
    function recoverMessage(bytes32 payloadHash, bytes calldata authSignature)
        internal
        pure
        returns (address signer, uint8 failure)
    {
        return _recover(MessageHashUtils.toEthSignedMessageHash(payloadHash), authSignature);
    }

    /// @dev The signer of the EIP-712 form, of 97 bytes.
    function recoverTyped(bytes32 structHash, bytes calldata authSignature)
        internal
        view
        returns (address signer, uint8 failure)
    {
        bytes32 domain = keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, address(this)));
        return _recover(MessageHashUtils.toTypedDataHash(domain, structHash), authSignature[:SIGNATURE_LENGTH]);
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

    function keyStruct(SignTypes.ZrKeyResParams calldata params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                KEY_RESPONSE,
                params.walletTypeId,
                params.owner,
                params.walletIndex,
                keccak256(bytes(params.wallet)),
                params.options,
                context(params.authSignature)
            )
        );
    }

    function signStruct(SignTypes.SignResParams calldata params) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                SIGN_RESPONSE,
                params.traceId,
                params.owner,
                keccak256(params.metaData),
                keccak256(params.signature),
                params.broadcast,
                context(params.authSignature)
            )
        );
    }

    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address, uint8) {
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        return (signer, uint8(failure));
    }
}
