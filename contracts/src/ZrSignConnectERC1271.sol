// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ZrSignConnectBase} from "./ZrSignConnectBase.sol";

/// @title A dApp that signs for itself (ERC-1271)
/// @notice A signature of one of the contract's EVM wallets counts as the contract's own.
/// @dev What the wallet signs is bound to this contract and chain: the EIP-712 struct ContractSignature(bytes32 hash).
/// A signature that the wallet made for anything else, a transaction included, is therefore none of the contract's, and
/// the other way round. `reqSignForContract` asks for the right digest.
abstract contract ZrSignConnectERC1271 is ZrSignConnectBase, EIP712, IERC1271 {
    bytes32 private constant TYPE_HASH = keccak256("ContractSignature(bytes32 hash)");
    bytes4 private constant INVALID = 0xffffffff;
    uint256 private constant SIGNATURE_LENGTH = 65;
    uint256 private constant INDEXED_LENGTH = 97;

    /// @notice Whether a signature is this contract's.
    /// @param hash What was signed.
    /// @param signature r, s, v of EVM wallet 0 as the network answers them: v is 0 or 1. For any other wallet its index
    /// in 32 bytes and then these. A signature has this encoding alone, so that whoever marks used signatures by their
    /// bytes is not told the same one twice.
    /// @return 0x1626ba7e when it is, 0xffffffff when it is not.
    function isValidSignature(bytes32 hash, bytes calldata signature) public view virtual returns (bytes4) {
        uint256 index;
        bytes calldata plain = signature;
        if (signature.length == INDEXED_LENGTH) {
            index = uint256(bytes32(signature[:32]));
            if (index == 0) return INVALID;
            plain = signature[32:];
        }
        if (plain.length != SIGNATURE_LENGTH) return INVALID;
        uint8 v = uint8(plain[64]);
        if (v > 1) return INVALID;
        (address signer, ECDSA.RecoverError failure,) =
            ECDSA.tryRecover(toContractHash(hash), v + 27, bytes32(plain[:32]), bytes32(plain[32:64]));
        if (failure != ECDSA.RecoverError.NoError) return INVALID;
        (bool known, address wallet) = _signerAt(index);
        return known && wallet == signer ? IERC1271.isValidSignature.selector : INVALID;
    }

    /// @notice The digest that a wallet signs when the contract signs `hash`.
    /// @param hash What the contract signs.
    /// @return EIP-712 digest.
    function toContractHash(bytes32 hash) public view virtual returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(TYPE_HASH, hash)));
    }

    /// @dev Requests the signature that makes `hash` signed by this contract.
    function reqSignForContract(uint256 walletIndex, bytes32 dstChainId, bytes32 hash)
        internal
        virtual
        returns (uint256 traceId)
    {
        return reqSignForHash(EVM_WALLET_TYPE, walletIndex, dstChainId, toContractHash(hash));
    }

    /// @dev The address of an EVM wallet, and whether there is one. Direct knows it; with Omni, override this.
    function _signerAt(uint256 walletIndex) internal view virtual returns (bool known, address signer) {
        try this.getEVMWallet(walletIndex) returns (string memory text) {
            return Strings.tryParseAddress(text);
        } catch {
            return (false, address(0));
        }
    }
}
