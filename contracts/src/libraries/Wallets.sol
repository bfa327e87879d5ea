// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice State of a wallet with the beginning of its address, in one slot. From the lowest bit: status 8, options 8,
/// delivery 8, held wei 80, time of the request 32, length of the address 16, its first 12 bytes 96. Of an EVM account that
/// was checked, the 160 bits below the last 8, which are then not 0.
type WalletState is uint256;

using Wallets for WalletState global;

/// @notice A wallet. A checked EVM account and an address of up to 12 bytes need no slot but the first, one of up to 44
/// (P2WPKH, Solana) one more.
struct Wallet {
    WalletState state;
    mapping(uint256 place => bytes32) rest;
}

/// @title Wallets
library Wallets {
    /// @dev The longest address that the field for its length can say.
    uint256 internal constant MAX_LENGTH = type(uint16).max;
    /// @dev Bytes of an address that its state holds.
    uint256 internal constant HEAD_BYTES = 12;

    uint256 private constant OPTIONS = 8;
    uint256 private constant DELIVERY = 16;
    uint256 private constant HELD = 24;
    uint256 private constant REQUESTED_AT = 104;
    uint256 private constant LENGTH = 136;
    uint256 private constant HEAD = 152;
    uint256 private constant ACCOUNT = 88;
    uint256 private constant IS_ACCOUNT = 1 << 248;
    /// @dev Status, options and delivery.
    uint256 private constant CHOICES = type(uint24).max;

    /// @dev `held` is of at most 80 bits.
    function requested(uint8 status_, uint8 options_, uint256 held_) internal view returns (WalletState) {
        return WalletState.wrap(
            status_ | (uint256(options_) << OPTIONS) | (held_ << HELD)
                | (uint256(uint32(block.timestamp)) << REQUESTED_AT)
        );
    }

    function status(WalletState state) internal pure returns (uint8) {
        return uint8(WalletState.unwrap(state));
    }

    function options(WalletState state) internal pure returns (uint8) {
        return uint8(WalletState.unwrap(state) >> OPTIONS);
    }

    function delivery(WalletState state) internal pure returns (uint8) {
        return uint8(WalletState.unwrap(state) >> DELIVERY);
    }

    /// @dev Wei; 0 of a checked EVM account, whose bits are elsewhere.
    function held(WalletState state) internal pure returns (uint256) {
        if (WalletState.unwrap(state) & IS_ACCOUNT != 0) return 0;
        return uint80(WalletState.unwrap(state) >> HELD);
    }

    function requestedAt(WalletState state) internal pure returns (uint256) {
        return uint32(WalletState.unwrap(state) >> REQUESTED_AT);
    }

    function setStatus(WalletState state, uint8 value) internal pure returns (WalletState) {
        return _set(state, 0, type(uint8).max, value);
    }

    function setOptions(WalletState state, uint8 value) internal pure returns (WalletState) {
        return _set(state, OPTIONS, type(uint8).max, value);
    }

    function setDelivery(WalletState state, uint8 value) internal pure returns (WalletState) {
        return _set(state, DELIVERY, type(uint8).max, value);
    }

    /// @dev `value` is of at most 80 bits.
    function setHeld(WalletState state, uint256 value) internal pure returns (WalletState) {
        return _set(state, HELD, type(uint80).max, value);
    }

    /// @dev Lets the time for an answer begin again.
    function restart(WalletState state) internal view returns (WalletState) {
        return _set(state, REQUESTED_AT, type(uint32).max, uint32(block.timestamp));
    }

    /// @dev With length and beginning of an address, of at most `MAX_LENGTH` bytes.
    function named(WalletState state, uint8 status_, uint256 length, bytes12 head) internal pure returns (WalletState) {
        return WalletState.wrap(
            WalletState.unwrap(state.setStatus(status_)) | (length << LENGTH) | (uint256(uint96(head)) << HEAD)
        );
    }

    /// @dev Keeps the address of a wallet: an `account` whose EIP-55 text it is, or for 0 its length and beginning in the
    /// state, 32 bytes a slot of the rest.
    function register(Wallet storage wallet, WalletState state, uint8 status_, string calldata name, uint160 account)
        internal
    {
        if (account != 0) {
            uint256 choices = WalletState.unwrap(state.setStatus(status_)) & CHOICES;
            wallet.state = WalletState.wrap(choices | uint256(account) << ACCOUNT | IS_ACCOUNT);
            return;
        }
        bytes calldata content = bytes(name);
        wallet.state = state.named(status_, content.length, bytes12(content));
        uint256 place = 0;
        for (uint256 from = HEAD_BYTES; from < content.length; from += 32) {
            wallet.rest[place++] = bytes32(content[from:]);
        }
    }

    /// @dev The address of a wallet; empty while it has none.
    function text(Wallet storage wallet) internal view returns (string memory) {
        uint256 state = WalletState.unwrap(wallet.state);
        if (state & IS_ACCOUNT != 0) return Strings.toChecksumHexString(address(uint160(state >> ACCOUNT)));
        uint256 length = uint16(state >> LENGTH);
        bytes memory content = abi.encodePacked(bytes12(uint96(state >> HEAD)));
        uint256 place = 0;
        while (content.length < length) content = abi.encodePacked(content, wallet.rest[place++]);
        assembly ("memory-safe") {
            mstore(content, length)
        }
        return string(content);
    }

    function _set(WalletState state, uint256 offset, uint256 mask, uint256 value) private pure returns (WalletState) {
        return WalletState.wrap((WalletState.unwrap(state) & ~(mask << offset)) | (value << offset));
    }
}
