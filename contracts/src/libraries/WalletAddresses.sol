// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Base58} from "@openzeppelin/contracts/utils/Base58.sol";

/// @title Addresses of wallet types
/// @notice EIP-55, Bech32 (BIP 173), Bech32m (BIP 350), Base58Check and Solana's Base58.
library WalletAddresses {
    uint256 private constant BITCOIN = 0;
    uint256 private constant BITCOIN_TEST = 1;
    uint256 private constant EVM = 60;
    uint256 private constant SOLANA = 501;
    uint256 private constant BECH32 = 1;
    uint256 private constant BECH32M = 0x2bc830a3;
    /// @dev Longest text that is decoded: a P2TR address of regtest has 64 characters.
    uint256 private constant MAX_LENGTH = 90;
    /// @dev Bit n is set when character n is of the Base58 alphabet.
    uint256 private constant BASE58 = 0x7ffeffe07ff7dfe03fe000000000000;
    /// @dev Values of the Bech32 characters a to z and 0 to 9, from the left; 0xff for those that are none.
    bytes32 private constant LETTERS = 0x1dff180d19090817ff12161f1b13ff010003100b1c0c0e060402ffffffffffff;
    bytes32 private constant DIGITS = 0x0fff0a1115141a1e0705ffffffffffffffffffffffffffffffffffffffffffff;
    uint256 private constant NONE = 0xff;

    /// @dev Whether `text` is an address of a SLIP-44 coin type; of an EVM address also its number, else 0.
    function parse(uint256 coinType, string memory text) internal pure returns (bool valid, uint160 account) {
        if (coinType == EVM) return _checksummed(bytes(text));
        return (_isAddress(coinType, text), 0);
    }

    /// @dev Types that are not known have any addresses.
    function _isAddress(uint256 coinType, string memory text) private pure returns (bool) {
        if (bytes(text).length > MAX_LENGTH) return coinType > BITCOIN_TEST && coinType != SOLANA;
        if (coinType == SOLANA) return _base58(text, 32);
        if (coinType == BITCOIN) return _isSegwit(bytes(text), "bc") || _isLegacy(text, 0x00, 0x05);
        if (coinType == BITCOIN_TEST) {
            return _isSegwit(bytes(text), "tb") || _isSegwit(bytes(text), "bcrt") || _isLegacy(text, 0x6f, 0xc4);
        }
        return true;
    }

    /// @dev 0x and 40 hexadecimal digits; a letter is upper case where the hash of the lower case has 8 or more. In
    /// assembly because an answer pays for it: a plain loop takes 40 000 gas, this 6 000.
    function _checksummed(bytes memory text) private pure returns (bool valid, uint160 account) {
        if (text.length != 42 || text[0] != "0" || text[1] != "x") return (false, 0);
        assembly ("memory-safe") {
            // Bit 5 is set in every digit and in no upper case letter: setting it makes the lower case, here in scratch
            // space.
            let from := add(text, 34)
            let bit5 := 0x2020202020202020202020202020202020202020202020202020202020202020
            mstore(0, or(mload(from), bit5))
            mstore(32, or(mload(add(from, 32)), bit5))
            let hash := keccak256(0, 40)
            valid := 1
            for { let end := add(from, 40) } lt(from, end) { from := add(from, 1) } {
                let code := byte(0, mload(from))
                let upper := lt(sub(code, 65), 6)
                let letter := or(upper, lt(sub(code, 97), 6))
                valid := and(valid, or(lt(sub(code, 48), 10), and(letter, eq(upper, shr(255, hash)))))
                hash := shl(4, hash)
                // '0' is 48, 'A' 65, 'a' 97: a letter's low bits are 9 less than its value.
                account := or(shl(4, account), and(add(code, mul(9, letter)), 15))
            }
        }
    }

    function _base58(string memory text, uint256 length) private pure returns (bool) {
        return _isBase58(bytes(text)) && Base58.decode(text).length == length;
    }

    /// @dev Version, 20 bytes, and the beginning of a double SHA-256 over both.
    function _isLegacy(string memory text, uint8 publicKeyHash, uint8 scriptHash) private pure returns (bool) {
        if (!_isBase58(bytes(text))) return false;
        bytes memory raw = Base58.decode(text);
        if (raw.length != 25) return false;
        bytes4 checksum;
        assembly ("memory-safe") {
            checksum := mload(add(raw, 53))
            mstore(raw, 21)
        }
        bytes4 expected = bytes4(sha256(abi.encodePacked(sha256(raw))));
        uint8 version = uint8(raw[0]);
        return checksum == expected && (version == publicKeyHash || version == scriptHash);
    }

    function _isBase58(bytes memory text) private pure returns (bool) {
        for (uint256 i = 0; i < text.length; i++) {
            if (BASE58 >> uint8(text[i]) & 1 == 0) return false;
        }
        return true;
    }

    /// @dev Witness version 0 with 20 or 32 bytes in Bech32, version 1 to 16 with 2 to 40 in Bech32m; lower case.
    function _isSegwit(bytes memory text, bytes memory prefix) private pure returns (bool) {
        uint256 data = prefix.length + 1;
        if (text.length < data + 7) return false;
        uint256 checksum = 1;
        for (uint256 i = 0; i < prefix.length; i++) {
            if (text[i] != prefix[i]) return false;
            checksum = _polymod(checksum, uint8(prefix[i]) >> 5);
        }
        if (text[prefix.length] != "1") return false;
        checksum = _polymod(checksum, 0);
        for (uint256 i = 0; i < prefix.length; i++) {
            checksum = _polymod(checksum, uint8(prefix[i]) & 31);
        }
        for (uint256 i = data; i < text.length; i++) {
            uint256 value = _value(text[i]);
            if (value == NONE) return false;
            checksum = _polymod(checksum, value);
        }
        uint256 bits = (text.length - data - 7) * 5;
        uint256 padding = bits % 8;
        if (padding > 4 || _value(text[text.length - 7]) & ((1 << padding) - 1) != 0) return false;
        return _isProgram(_value(text[data]), bits / 8, checksum);
    }

    function _isProgram(uint256 version, uint256 size, uint256 checksum) private pure returns (bool) {
        if (version == 0) return checksum == BECH32 && (size == 20 || size == 32);
        return checksum == BECH32M && version <= 16 && size >= 2 && size <= 40;
    }

    function _value(bytes1 character) private pure returns (uint256) {
        uint256 code = uint8(character);
        if (code >= 97 && code <= 122) return uint8(LETTERS[code - 97]);
        if (code >= 48 && code <= 57) return uint8(DIGITS[code - 48]);
        return NONE;
    }

    function _polymod(uint256 checksum, uint256 value) private pure returns (uint256) {
        uint256 top = checksum >> 25;
        checksum = (checksum & 0x1ffffff) << 5 ^ value;
        if (top & 1 != 0) checksum ^= 0x3b6a57b2;
        if (top & 2 != 0) checksum ^= 0x26508e6d;
        if (top & 4 != 0) checksum ^= 0x1ea119fa;
        if (top & 8 != 0) checksum ^= 0x3d4233dd;
        if (top & 16 != 0) checksum ^= 0x2a1462b3;
        return checksum;
    }
}
