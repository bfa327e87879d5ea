// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

/// @notice An EIP-1559 call: gas prices in wei, `to` an account or a contract.
struct FeeMarketTx {
    uint256 chainId;
    uint256 nonce;
    uint256 maxPriorityFeePerGas;
    uint256 maxFeePerGas;
    uint256 gasLimit;
    address to;
    uint256 value;
    bytes data;
    AccessListEntry[] accessList;
}

/// @notice Storage that a transaction announces (EIP-2930).
struct AccessListEntry {
    address account;
    bytes32[] storageKeys;
}

/// @title Unsigned EVM transactions
/// @notice The bytes that a signature of a transaction is over: RLP (Yellow Paper, appendix B) of legacy, EIP-155 and
/// EIP-1559 transactions.
library EvmTransactions {
    using RLP for *;

    bytes1 private constant EMPTY_ITEM = 0x80;
    bytes1 private constant FEE_MARKET = 0x02;

    /// @dev A legacy transaction from six RLP items. With a chain id it ends in (chain id, 0, 0), as EIP-155 hashes it;
    /// with 0 in three empty items, which name no chain.
    function legacy(
        bytes memory nonce,
        bytes memory gasPrice,
        bytes memory gasLimit,
        bytes memory to,
        bytes memory value,
        bytes memory data,
        uint256 chainId
    ) internal pure returns (bytes memory) {
        bytes[] memory items = new bytes[](9);
        items[0] = nonce;
        items[1] = gasPrice;
        items[2] = gasLimit;
        items[3] = to;
        items[4] = value;
        items[5] = data;
        items[6] = chainId.encode();
        items[7] = items[8] = abi.encodePacked(EMPTY_ITEM);
        return items.encode();
    }

    /// @dev 0x02 and nine RLP items (EIP-1559).
    function feeMarket(FeeMarketTx memory transaction) internal pure returns (bytes memory) {
        bytes[] memory items = new bytes[](9);
        items[0] = transaction.chainId.encode();
        items[1] = transaction.nonce.encode();
        items[2] = transaction.maxPriorityFeePerGas.encode();
        items[3] = transaction.maxFeePerGas.encode();
        items[4] = transaction.gasLimit.encode();
        items[5] = transaction.to.encode();
        items[6] = transaction.value.encode();
        items[7] = transaction.data.encode();
        items[8] = _accessList(transaction.accessList);
        return abi.encodePacked(FEE_MARKET, items.encode());
    }

    function _accessList(AccessListEntry[] memory entries) private pure returns (bytes memory) {
        bytes[] memory items = new bytes[](entries.length);
        for (uint256 i = 0; i < entries.length; i++) {
            bytes32[] memory keys = entries[i].storageKeys;
            bytes[] memory encodedKeys = new bytes[](keys.length);
            for (uint256 j = 0; j < keys.length; j++) {
                // A key is 32 bytes, whatever its value.
                encodedKeys[j] = abi.encodePacked(keys[j]).encode();
            }
            bytes[] memory entry = new bytes[](2);
            entry[0] = entries[i].account.encode();
            entry[1] = encodedKeys.encode();
            items[i] = entry.encode();
        }
        return items.encode();
    }
}
