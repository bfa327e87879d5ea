// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";

/// @title State and events as the older contracts leave them
/// @dev Written for the tests from the published layout: words by number, and nothing of any implementation. Emits the events
/// that the tools read.
contract OlderLayout {
    uint256 private constant SIGN = 0xa30be26d48c79c53518f37fd0be48e3bd1b55edc6a24c0bc6a2effeee4c2c800;
    uint256 private constant ROLES = 0x02dd7bc7dec4dceedda775e58dd541e08a116c6c53815c0bd028192f7b626800;
    uint256 private constant PAUSED = 0xcd5ed15c6e187e77e9aee88184c21f4f2182ab5827cb3b7e07fbedcd63f03300;
    uint256 private constant INITIALISED = 0xf0c57e16840df040f15088dc2f81fe391c3923bec73e23a9662efc9c229c6a00;

    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);

    receive() external payable {}

    function initialise() external {
        write(INITIALISED, 1);
        grant(0, msg.sender);
    }

    function terms(uint256 mpcFee, uint256 collected, uint256 respGas, uint256 buffer, uint256 traceId) external {
        uint256[5] memory words = [mpcFee, collected, respGas, buffer, traceId];
        for (uint256 i = 0; i < words.length; i++) {
            write(SIGN + i, words[i]);
        }
    }

    function pause(bool value) external {
        write(PAUSED, value ? 1 : 0);
    }

    function walletType(uint256 purpose, uint256 coinType) external {
        bytes32 id = keccak256(abi.encode(purpose, coinType));
        write(placeOf(id, SIGN + 5), purpose);
        write(placeOf(id, SIGN + 5) + 1, coinType);
        emit IZrSignConfig.WalletTypeIdSupport(purpose, coinType, id, true);
    }

    function chain(bytes32 walletTypeId, bytes32 chainId) external {
        write(placeOf(chainId, placeOf(walletTypeId, SIGN + 6)), 1);
    }

    function namedChain(bytes32 walletTypeId, string calldata caip) external {
        bytes32 chainId = keccak256(bytes(caip));
        write(placeOf(chainId, placeOf(walletTypeId, SIGN + 6)), 1);
        emit IZrSignConfig.ChainIdSupport(walletTypeId, chainId, caip, true);
    }

    function wallet(bytes32 walletTypeId, address owner, string calldata name, uint8 options) external {
        uint256 length = placeOf(keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner)), SIGN + 7);
        uint256 index = read(length);
        write(length, index + 1);
        put(uint256(keccak256(abi.encode(length))) + index, bytes(name));
        uint256 registry =
            placeOf(keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner, index)), SIGN + 8);
        write(registry, 2 | uint256(options) << 8);
        write(registry + 1, 1 ether);
        emit ISign.ZrKeyResolve(walletTypeId, owner, index, name);
    }

    function openKey(bytes32 walletTypeId, address owner, uint8 options, uint256 value) external {
        bytes32 workspace = keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner));
        uint256 index = read(placeOf(workspace, SIGN + 7));
        uint256 registry =
            placeOf(keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner, index)), SIGN + 8);
        write(registry, 1 | uint256(options) << 8);
        write(registry + 1, value);
        emit ISign.ZrKeyRequest(walletTypeId, owner, index, options, value, 0);
    }

    function request(uint256 traceId, uint8 status, uint256 value) public {
        write(placeOf(bytes32(traceId), SIGN + 9), status);
        write(placeOf(bytes32(traceId), SIGN + 9) + 1, value);
    }

    function announced(uint256 traceId, uint8 status, uint256 value, SignTypes.SigReqParams calldata params) external {
        request(traceId, status, value);
        emit ISign.ZrSigRequest(traceId, 0, value, 0, params);
    }

    function grant(bytes32 role, address account) public {
        write(placeOf(bytes32(uint256(uint160(account))), placeOf(role, ROLES)), 1);
        emit RoleGranted(role, account, msg.sender);
    }

    function state() external view returns (uint256, uint256, uint256, uint256, uint256) {
        return (read(SIGN), read(SIGN + 1), read(SIGN + 2), read(SIGN + 3), read(SIGN + 4));
    }

    function text(bytes32 walletTypeId, address owner, uint256 index) external view returns (string memory) {
        bytes32 workspace = keccak256(abi.encode(block.chainid, address(this), walletTypeId, owner));
        string[] storage texts;
        uint256 place = placeOf(workspace, SIGN + 7);
        assembly {
            texts.slot := place
        }
        return texts[index];
    }

    /// @dev A string in storage: up to 31 bytes beside twice the length, else behind twice the length plus one.
    function put(uint256 slot, bytes calldata content) private {
        if (content.length < 32) {
            write(slot, uint256(bytes32(content)) | 2 * content.length);
            return;
        }
        write(slot, 2 * content.length + 1);
        for (uint256 from = 0; from < content.length; from += 32) {
            write(uint256(keccak256(abi.encode(slot))) + from / 32, uint256(bytes32(content[from:])));
        }
    }

    function placeOf(bytes32 key, uint256 slot) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(key, slot)));
    }

    function write(uint256 slot, uint256 value) private {
        assembly {
            sstore(slot, value)
        }
    }

    function read(uint256 slot) private view returns (uint256 value) {
        assembly {
            value := sload(slot)
        }
    }
}
