// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Base58} from "@openzeppelin/contracts/utils/Base58.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {ZrSignTypes} from "../src/libraries/ZrSignTypes.sol";
import {Fixture} from "./Fixture.sol";

/// @dev An encoder apart from the decoder under test: BIP 173 and BIP 350, straight from their text.
library Bech32 {
    bytes private constant CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

    function encode(bytes memory prefix, uint8 version, bytes memory program) internal pure returns (string memory) {
        bytes memory values = new bytes(1 + (program.length * 8 + 4) / 5);
        values[0] = bytes1(version);
        for (uint256 bit = 0; bit < (values.length - 1) * 5; bit++) {
            uint256 value = bit / 8 < program.length ? (uint8(program[bit / 8]) >> (7 - bit % 8)) & 1 : 0;
            values[1 + bit / 5] |= bytes1(uint8(value << (4 - bit % 5)));
        }
        return seal(prefix, values, version == 0 ? 1 : 0x2bc830a3);
    }

    function seal(bytes memory prefix, bytes memory values, uint256 constant_) internal pure returns (string memory) {
        bytes memory expanded = "";
        for (uint256 i = 0; i < prefix.length; i++) {
            expanded = abi.encodePacked(expanded, uint8(prefix[i]) >> 5);
        }
        expanded = abi.encodePacked(expanded, uint8(0));
        for (uint256 i = 0; i < prefix.length; i++) {
            expanded = abi.encodePacked(expanded, uint8(prefix[i]) & 31);
        }
        uint256 checksum = polymod(abi.encodePacked(expanded, values, bytes6(0))) ^ constant_;
        bytes memory text = abi.encodePacked(prefix, "1");
        for (uint256 i = 0; i < values.length; i++) {
            text = abi.encodePacked(text, CHARSET[uint8(values[i])]);
        }
        for (uint256 i = 0; i < 6; i++) {
            text = abi.encodePacked(text, CHARSET[(checksum >> (5 * (5 - i))) & 31]);
        }
        return string(text);
    }

    function polymod(bytes memory values) private pure returns (uint256 checksum) {
        uint32[5] memory generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
        checksum = 1;
        for (uint256 i = 0; i < values.length; i++) {
            uint256 top = checksum >> 25;
            checksum = ((checksum & 0x1ffffff) << 5) ^ uint8(values[i]);
            for (uint256 j = 0; j < 5; j++) {
                if ((top >> j) & 1 == 1) checksum ^= generator[j];
            }
        }
    }
}

contract WalletAddressesTest is Fixture {
    uint256 internal constant COIN_EVM = 60;
    uint256 internal constant COIN_BITCOIN = 0;
    uint256 internal constant COIN_TEST = 1;
    uint256 internal constant COIN_SOLANA = 501;

    /// @dev The text with one character replaced.
    function altered(string memory text, uint256 place, bytes1 by) internal pure returns (string memory) {
        bytes memory copy = bytes.concat(bytes(text));
        copy[place % copy.length] = by;
        return string(copy);
    }

    function legacy(uint8 version, bytes20 hash) internal pure returns (string memory) {
        bytes memory raw = abi.encodePacked(version, hash);
        return Base58.encode(abi.encodePacked(raw, bytes4(sha256(abi.encodePacked(sha256(raw))))));
    }

    function test_evm__should_be_in_eip55(address account) public pure {
        vm.assertTrue(ZrSignTypes.isAddress(COIN_EVM, Strings.toChecksumHexString(account)));
    }

    function test_evm__should_have_every_character_right(address account, uint8 place, bytes1 by) public pure {
        string memory text = Strings.toChecksumHexString(account);
        string memory other = altered(text, place, by);
        bool same = keccak256(bytes(text)) == keccak256(bytes(other));
        (bool parsed, address seen) = Strings.tryParseAddress(other);
        bool right = parsed && keccak256(bytes(Strings.toChecksumHexString(seen))) == keccak256(bytes(other));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_EVM, other) == (same || right));
    }

    function test_evm__should_refuse_any_other_text(string calldata text) public pure {
        (bool parsed, address account) = Strings.tryParseAddress(text);
        bool right = parsed && keccak256(bytes(Strings.toChecksumHexString(account))) == keccak256(bytes(text));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_EVM, text) == right);
    }

    function test_solana__should_be_32_bytes_in_base58(bytes32 key) public pure {
        vm.assertTrue(ZrSignTypes.isAddress(COIN_SOLANA, Base58.encode(abi.encodePacked(key))));
    }

    function test_solana__should_refuse_other_lengths(bytes calldata key) public pure {
        vm.assume(key.length != 32 && key.length < 60);
        vm.assertFalse(ZrSignTypes.isAddress(COIN_SOLANA, Base58.encode(key)));
    }

    function test_solana__should_refuse_characters_outside_of_base58(bytes32 key, uint8 place) public pure {
        string memory text = altered(Base58.encode(abi.encodePacked(key)), place, "0");
        vm.assertFalse(ZrSignTypes.isAddress(COIN_SOLANA, text));
    }

    function test_legacy__should_have_a_version_of_its_network(uint8 version, bytes20 hash) public pure {
        string memory text = legacy(version, hash);
        vm.assertTrue(ZrSignTypes.isAddress(COIN_BITCOIN, text) == (version == 0x00 || version == 0x05));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_TEST, text) == (version == 0x6f || version == 0xc4));
    }

    function test_legacy__should_have_its_checksum(bytes20 hash, bytes4 checksum) public pure {
        bytes memory raw = abi.encodePacked(uint8(0), hash);
        vm.assume(checksum != bytes4(sha256(abi.encodePacked(sha256(raw)))));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, Base58.encode(abi.encodePacked(raw, checksum))));
    }

    /// @dev One digit too many is five bits of padding or more, zeros or not (BIP 173: at most four).
    function test_witness__should_have_no_digit_that_says_nothing(uint8 version, bytes20 program) public pure {
        version = version % 17;
        bytes memory values = new bytes(34);
        values[0] = bytes1(version);
        for (uint256 i = 0; i < 32; i++) {
            values[1 + i] = bytes1(uint8(uint160(program) >> (155 - 5 * i)) & 31);
        }
        string memory text = Bech32.seal("bc", values, version == 0 ? 1 : 0x2bc830a3);
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, text));
    }

    function test_witness0__should_be_bech32_of_20_or_32_bytes(bytes20 short, bytes32 long) public pure {
        vm.assertTrue(ZrSignTypes.isAddress(COIN_BITCOIN, Bech32.encode("bc", 0, abi.encodePacked(short))));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_BITCOIN, Bech32.encode("bc", 0, abi.encodePacked(long))));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_TEST, Bech32.encode("tb", 0, abi.encodePacked(short))));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_TEST, Bech32.encode("bcrt", 0, abi.encodePacked(long))));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, Bech32.encode("tb", 0, abi.encodePacked(short))));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_TEST, Bech32.encode("bc", 0, abi.encodePacked(short))));
    }

    function test_witness__should_have_a_length_of_its_version(uint8 version, bytes calldata program) public pure {
        version = version % 32;
        bytes memory cut = program.length > 45 ? program[:45] : program;
        bool right =
            version == 0 ? cut.length == 20 || cut.length == 32 : version <= 16 && cut.length >= 2 && cut.length <= 40;
        vm.assertTrue(ZrSignTypes.isAddress(COIN_BITCOIN, Bech32.encode("bc", version, cut)) == right);
    }

    function test_witness__should_refuse_one_wrong_character(bytes32 program, uint8 place, bytes1 by) public pure {
        string memory text = Bech32.encode("bcrt", 1, abi.encodePacked(program));
        string memory other = altered(text, place, by);
        vm.assume(keccak256(bytes(text)) != keccak256(bytes(other)));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_TEST, other));
    }

    function test_witness__should_have_the_checksum_of_its_version(bytes32 program, uint8 version) public pure {
        version = version % 17;
        bytes memory values = new bytes(53);
        values[0] = bytes1(version);
        for (uint256 i = 1; i < 52; i++) {
            values[i] = bytes1(uint8(program[i % 32]) & 31);
        }
        uint256 wrong = version == 0 ? 0x2bc830a3 : 1;
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, Bech32.seal("bc", values, wrong)));
        values[52] = bytes1(uint8(program[0]) & 16);
        bool padded = ZrSignTypes.isAddress(COIN_BITCOIN, Bech32.seal("bc", values, version == 0 ? 1 : 0x2bc830a3));
        vm.assertTrue(padded);
        values[52] |= bytes1(uint8(1) << (uint8(program[1]) % 4));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, Bech32.seal("bc", values, version == 0 ? 1 : 0x2bc830a3)));
    }

    function test_unknownType__should_have_any_addresses(uint256 coinType, string calldata text) public pure {
        vm.assume(coinType != 0 && coinType != 1 && coinType != 60 && coinType != 501);
        vm.assertTrue(ZrSignTypes.isAddress(coinType, text));
    }

    function test_overlong__should_be_none(uint8 length) public pure {
        string memory text = string(new bytes(91 + uint256(length)));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, text));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_TEST, text));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_SOLANA, text));
        vm.assertTrue(ZrSignTypes.isAddress(118, text));
    }

    function test_published__should_be_addresses() public pure {
        vm.assertTrue(ZrSignTypes.isAddress(COIN_EVM, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_BITCOIN, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        vm.assertTrue(
            ZrSignTypes.isAddress(COIN_BITCOIN, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
        );
        vm.assertTrue(ZrSignTypes.isAddress(COIN_BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_BITCOIN, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_TEST, "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx"));
        vm.assertTrue(ZrSignTypes.isAddress(COIN_SOLANA, "11111111111111111111111111111111"));
    }

    function test_broken__should_be_none() public pure {
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, ""));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, "bc1gmk9yu"));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, "bc2qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3tb"));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_BITCOIN, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t1"));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_EVM, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe"));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_EVM, "1x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
        vm.assertFalse(ZrSignTypes.isAddress(COIN_EVM, "005aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"));
    }

    function test_caip2__should_follow_its_grammar() public pure {
        string[7] memory right = [
            "eip155:1",
            "bip122:000000000019d6689c085ae165831e93",
            "solana:localnet",
            "cosmos:cosmoshub-4",
            "abc:_",
            "a-b45678:Z",
            "eip155:31337"
        ];
        string[9] memory wrong = [
            "",
            ":1",
            "ei:1",
            "eip155",
            "eip155:",
            "Eip155:1",
            "toolongns:1",
            "eip155:1 ",
            "bip122:000000000019d6689c085ae165831e930"
        ];
        for (uint256 i = 0; i < right.length; i++) {
            vm.assertTrue(ZrSignTypes.isCaip2(right[i]), right[i]);
        }
        for (uint256 i = 0; i < wrong.length; i++) {
            vm.assertFalse(ZrSignTypes.isCaip2(wrong[i]));
        }
    }

    function test_caip2__should_accept_every_evm_chain(uint256 chainId) public pure {
        string memory number = Strings.toString(chainId);
        vm.assertTrue(ZrSignTypes.isCaip2(string.concat("eip155:", number)) == (bytes(number).length <= 32));
    }

    function test_localChain__should_follow_the_chain(uint64 chainId) public {
        vm.assume(chainId != 0);
        vm.chainId(chainId);
        bytes32 expected = keccak256(bytes(string.concat("eip155:", Strings.toString(chainId))));
        vm.assertEq(ZrSignTypes.localChainId(), expected);
        vm.assertEq(direct.SRC_CHAIN_ID(), expected);
        vm.assertEq(omni.SRC_CHAIN_ID(), expected);
    }

    function test_chainInfo__should_code_and_decode(uint256 purpose, uint256 coinType) public pure {
        ZrSignTypes.ChainInfo memory info = ZrSignTypes.ChainInfo(purpose, coinType);
        ZrSignTypes.ChainInfo memory seen = ZrSignTypes.decodeChainInfo(ZrSignTypes.encodeChainInfo(info));
        vm.assertEq(seen.purpose, purpose);
        vm.assertEq(seen.coinType, coinType);
        vm.assertEq(ZrSignTypes.hashChainInfo(info), keccak256(abi.encode(purpose, coinType)));
        vm.assertTrue(ZrSignTypes.isNull(info) == (purpose == 0));
        vm.assertTrue(ZrSignTypes.isNotNull(info) == (purpose != 0));
    }
}
