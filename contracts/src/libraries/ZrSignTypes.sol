// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {CAIP2} from "@openzeppelin/contracts/utils/CAIP2.sol";

import {WalletAddresses} from "./WalletAddresses.sol";

/// @title Wallet types
/// @notice A wallet type is a SLIP-44 style pair (purpose, coin type), named on chain by its hash. A null pair has purpose 0.
/// @dev Deployed once and linked: its functions are public, so that the contracts that use it stay small.
library ZrSignTypes {
    /// @notice A derivation purpose (44) and a SLIP-44 coin type (60 Ethereum, 0 Bitcoin, 1 test networks, 501 Solana).
    struct ChainInfo {
        uint256 purpose;
        uint256 coinType;
    }

    /// @notice ABI-encodes a wallet type.
    /// @param info The wallet type.
    /// @return 64 bytes: purpose, coin type.
    function encodeChainInfo(ChainInfo memory info) public pure returns (bytes memory) {
        return abi.encode(info.purpose, info.coinType);
    }

    /// @notice Reads what `encodeChainInfo` wrote.
    /// @param data 64 bytes: purpose, coin type.
    /// @return info The wallet type.
    function decodeChainInfo(bytes memory data) public pure returns (ChainInfo memory info) {
        (info.purpose, info.coinType) = abi.decode(data, (uint256, uint256));
    }

    /// @notice The wallet type id.
    /// @param info The wallet type.
    /// @return keccak256(abi.encode(purpose, coinType)).
    function hashChainInfo(ChainInfo memory info) public pure returns (bytes32) {
        return keccak256(encodeChainInfo(info));
    }

    /// @notice Whether a wallet type is unset.
    /// @param info The wallet type.
    /// @return True when its purpose is 0.
    function isNull(ChainInfo memory info) public pure returns (bool) {
        return info.purpose == 0;
    }

    /// @notice Whether a wallet type is set.
    /// @param info The wallet type.
    /// @return True when its purpose is not 0.
    function isNotNull(ChainInfo memory info) public pure returns (bool) {
        return info.purpose != 0;
    }

    /// @notice The chain that runs this.
    /// @return keccak256 of its CAIP-2 id, eip155:<block.chainid>.
    function localChainId() public view returns (bytes32) {
        return keccak256(bytes(CAIP2.local()));
    }

    /// @notice Whether a text is an address of a coin type, in the notation of its chains.
    /// @param coinType SLIP-44 coin type; of an unknown one every text is.
    /// @param text The address.
    /// @return True when it is.
    function isAddress(uint256 coinType, string memory text) public pure returns (bool) {
        (bool valid,) = WalletAddresses.parse(coinType, text);
        return valid;
    }

    /// @notice Whether a text is an address of a coin type, and which account it names on EVM chains.
    /// @param coinType SLIP-44 coin type.
    /// @param text The address.
    /// @return valid True when it is.
    /// @return account Number of an EVM account; 0 of any other address.
    function parseAddress(uint256 coinType, string memory text) public pure returns (bool valid, uint160 account) {
        return WalletAddresses.parse(coinType, text);
    }

    /// @notice Whether a text is a chain id: namespace of 3 to 8 of [-a-z0-9], colon, reference of 1 to 32 of
    /// [-_a-zA-Z0-9] (CAIP-2).
    /// @param text The chain id.
    /// @return True when it is.
    function isCaip2(string memory text) public pure returns (bool) {
        bytes memory content = bytes(text);
        uint256 colon = 0;
        while (colon < content.length && content[colon] != ":") {
            if (!_isNamespace(content[colon++])) return false;
        }
        if (colon < 3 || colon > 8 || content.length < colon + 2 || content.length > colon + 33) return false;
        for (uint256 i = colon + 1; i < content.length; i++) {
            bytes1 character = content[i];
            bool upper = character >= "A" && character <= "Z";
            if (!upper && character != "_" && !_isNamespace(character)) return false;
        }
        return true;
    }

    function _isNamespace(bytes1 character) private pure returns (bool) {
        return character == "-" || (character >= "a" && character <= "z") || (character >= "0" && character <= "9");
    }
}
