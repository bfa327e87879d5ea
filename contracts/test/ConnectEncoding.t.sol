// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnectBase} from "../src/ZrSignConnectBase.sol";
import {AccessListEntry, FeeMarketTx} from "../src/libraries/EvmTransactions.sol";
import {Vm} from "./Vm.sol";

struct LegacyTx {
    uint256 nonce;
    uint256 price;
    uint256 gas;
    address to;
    uint256 value;
    bytes data;
}

contract Encoder is ZrSignConnectBase {
    constructor() ZrSignConnectBase(payable(address(0))) {}

    function legacy(LegacyTx calldata given) external pure returns (bytes memory) {
        return rlpEncodeTransaction(given.nonce, given.price, given.gas, given.to, given.value, given.data);
    }

    function legacyFor(LegacyTx calldata given, uint256 chainId) external pure returns (bytes memory) {
        return rlpEncodeTransaction(given.nonce, given.price, given.gas, given.to, given.value, given.data, chainId);
    }

    function creation(bytes calldata nonce, bytes calldata price, bytes calldata gas, bytes calldata data)
        external
        pure
        returns (bytes memory)
    {
        return encodeTransaction(
            rlpEncodeData(nonce), rlpEncodeData(price), rlpEncodeData(gas), hex"80", hex"80", rlpEncodeData(data)
        );
    }

    function feeMarket(FeeMarketTx calldata transaction) external pure returns (bytes memory) {
        return encodeFeeMarketTransaction(transaction);
    }

    function digests(address validator, bytes calldata data) external pure returns (bytes32, bytes32) {
        return (toMessageHash(data), toValidatorDataHash(validator, data));
    }

    function chain(string calldata caip2) external pure returns (bytes32) {
        return toChainId(caip2);
    }

    function hexadecimal(address account) external pure returns (string memory, string memory, string memory) {
        return (toHexString(account), toChecksumHexString(account), toHexString(uint256(uint160(account)), 32));
    }

    function _authorizeSpend(address, bytes4) internal pure override {}
}

/// @title A second RLP encoder, byte by byte after the Yellow Paper, appendix B
library Plain {
    function number(uint256 value) internal pure returns (bytes memory) {
        bytes memory digits;
        for (; value != 0; value >>= 8) {
            digits = bytes.concat(bytes1(uint8(value)), digits);
        }
        return string_(digits);
    }

    function string_(bytes memory content) internal pure returns (bytes memory) {
        if (content.length == 1 && uint8(content[0]) < 0x80) return content;
        return bytes.concat(head(content.length, 0x80), content);
    }

    function list(bytes memory content) internal pure returns (bytes memory) {
        return bytes.concat(head(content.length, 0xc0), content);
    }

    function head(uint256 length, uint8 offset) private pure returns (bytes memory) {
        if (length < 56) return abi.encodePacked(uint8(offset + length));
        bytes memory digits;
        for (; length != 0; length >>= 8) {
            digits = bytes.concat(bytes1(uint8(length)), digits);
        }
        return bytes.concat(bytes1(uint8(offset + 55 + digits.length)), digits);
    }
}

contract ConnectEncodingTest {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address internal constant TO = 0x3535353535353535353535353535353535353535;

    Encoder internal encoder;

    function setUp() public {
        encoder = new Encoder();
    }

    function six(LegacyTx memory given) internal pure returns (bytes memory) {
        return bytes.concat(
            Plain.number(given.nonce),
            Plain.number(given.price),
            Plain.number(given.gas),
            Plain.string_(abi.encodePacked(given.to)),
            Plain.number(given.value),
            Plain.string_(given.data)
        );
    }

    function test_legacy__should_match_a_known_transaction() public view {
        bytes memory payload =
            encoder.legacy(LegacyTx(121, 0xfd8f4bd23, 21000, 0xCF4324b9FD2fBC83b98a1483E854D31D3E45944C, 1000, ""));
        vm.assertEq(
            payload, hex"e67985" hex"0fd8f4bd23" hex"82520894cf4324b9fd2fbc83b98a1483e854d31d3e45944c8203e880808080"
        );
    }

    function test_eip155__should_match_the_example_of_its_specification() public view {
        bytes memory payload = encoder.legacyFor(LegacyTx(9, 20 gwei, 21000, TO, 1 ether, ""), 1);
        vm.assertEq(
            payload, hex"ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080"
        );
        vm.assertEq(keccak256(payload), 0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53);
    }

    function test_legacy__should_have_nine_items_whatever_the_data() public view {
        bytes memory empty = encoder.legacy(LegacyTx(0, 0, 0, TO, 0, ""));
        vm.assertEq(empty, bytes.concat(hex"dd80808094", bytes20(TO), hex"8080808080"));
        bytes memory one = encoder.legacy(LegacyTx(0, 0, 0, TO, 0, hex"d09de08a"));
        vm.assertEq(one, bytes.concat(hex"e180808094", bytes20(TO), hex"8084d09de08a808080"));
    }

    function test_creation__should_have_an_empty_recipient() public view {
        bytes memory payload = encoder.creation(hex"01", "", hex"5208", hex"6001");
        vm.assertEq(payload, hex"cd01808252088080826001808080");
    }

    function test_legacy__should_equal_a_plain_encoder(LegacyTx calldata given) public view {
        vm.assertEq(encoder.legacy(given), Plain.list(bytes.concat(six(given), hex"808080")));
    }

    function test_eip155__should_equal_a_plain_encoder(LegacyTx calldata given, uint256 chainId) public view {
        bytes memory items = bytes.concat(six(given), Plain.number(chainId), hex"8080");
        vm.assertEq(encoder.legacyFor(given, chainId), Plain.list(items));
    }

    function test_small_numbers__should_be_their_own_encoding(uint8 nonce) public view {
        bytes memory payload = encoder.legacy(LegacyTx(nonce, 0, 0, TO, 0, ""));
        if (nonce == 0) vm.assertEq(bytes32(payload[1]), bytes32(bytes1(0x80)));
        else if (nonce < 0x80) vm.assertEq(bytes32(payload[1]), bytes32(bytes1(nonce)));
        else vm.assertEq(bytes32(payload[1]), bytes32(bytes1(0x81)));
    }

    function test_long_data__should_have_a_long_head(uint16 length) public view {
        bytes memory data = new bytes(length);
        LegacyTx memory given = LegacyTx(1, 2, 3, TO, 4, data);
        bytes memory items = six(given);
        vm.assertEq(encoder.legacy(given), Plain.list(bytes.concat(items, hex"808080")));
    }

    function test_feeMarket__should_equal_a_plain_encoder(
        FeeMarketTx calldata transaction,
        address account,
        bytes32[] calldata keys
    ) public view {
        FeeMarketTx memory given = transaction;
        given.accessList = new AccessListEntry[](2);
        given.accessList[0] = AccessListEntry(account, keys);
        given.accessList[1] = AccessListEntry(address(1), new bytes32[](0));
        bytes memory encodedKeys;
        for (uint256 i = 0; i < keys.length; i++) {
            encodedKeys = bytes.concat(encodedKeys, Plain.string_(abi.encodePacked(keys[i])));
        }
        bytes memory list = bytes.concat(
            Plain.list(bytes.concat(Plain.string_(abi.encodePacked(account)), Plain.list(encodedKeys))),
            Plain.list(bytes.concat(Plain.string_(abi.encodePacked(address(1))), Plain.list("")))
        );
        bytes memory items = bytes.concat(
            Plain.number(given.chainId),
            Plain.number(given.nonce),
            Plain.number(given.maxPriorityFeePerGas),
            Plain.number(given.maxFeePerGas)
        );
        items = bytes.concat(
            items,
            Plain.number(given.gasLimit),
            Plain.string_(abi.encodePacked(given.to)),
            Plain.number(given.value),
            Plain.string_(given.data),
            Plain.list(list)
        );
        vm.assertEq(encoder.feeMarket(given), bytes.concat(hex"02", Plain.list(items)));
    }

    function test_digests__should_be_those_of_eip191(address validator, bytes calldata data) public view {
        (bytes32 message, bytes32 validated) = encoder.digests(validator, data);
        bytes memory length = bytes(decimal(data.length));
        vm.assertEq(message, keccak256(bytes.concat("\x19Ethereum Signed Message:\n", length, data)));
        vm.assertEq(validated, keccak256(bytes.concat(hex"1900", bytes20(validator), data)));
    }

    function test_chain_ids__should_be_the_public_ones() public view {
        vm.assertEq(
            encoder.chain("eip155:11155111"), 0xafa90c317deacd3d68f330a30f96e4fa7736e35e8d1426b2e1b2c04bce1c2fb7
        );
        vm.assertEq(
            encoder.chain("bip122:000000000019d6689c085ae165831e93"),
            0x6d0287c1b858c20eef48b10444a53c7ed5399e898d470671f127b49c54931377
        );
    }

    function test_wallet_types__should_be_hashes_of_purpose_and_coin_type() public view {
        vm.assertEq(encoder.EVM_WALLET_TYPE(), keccak256(abi.encode(uint256(44), uint256(60))));
        vm.assertEq(encoder.BTC_WALLET_TYPE(), keccak256(abi.encode(uint256(44), uint256(1))));
        vm.assertEq(encoder.BTC_MAINNET_WALLET_TYPE(), keccak256(abi.encode(uint256(44), uint256(0))));
        vm.assertEq(encoder.SOLANA_WALLET_TYPE(), keccak256(abi.encode(uint256(44), uint256(501))));
    }

    function test_hexadecimal__should_follow_eip55() public view {
        (string memory lower, string memory mixed, string memory long) =
            encoder.hexadecimal(0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed);
        vm.assertEq(lower, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
        vm.assertEq(mixed, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        vm.assertEq(long, "0x0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
    }

    function decimal(uint256 value) internal pure returns (string memory) {
        if (value < 10) return string(abi.encodePacked(uint8(48 + value)));
        return string.concat(decimal(value / 10), decimal(value % 10));
    }
}
