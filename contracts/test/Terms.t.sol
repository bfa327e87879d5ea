// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Request, Requests} from "../src/libraries/Requests.sol";
import {Terms, TermsFields} from "../src/libraries/Terms.sol";
import {Wallet, WalletState, Wallets} from "../src/libraries/Wallets.sol";
import {Fixture} from "./Fixture.sol";

/// @dev Keeps one wallet, as the contracts keep theirs.
contract WalletShelf {
    using Wallets for Wallet;

    Wallet private wallet;

    function register(WalletState state, string calldata name, uint160 account) external {
        wallet.register(state, 2, name, account);
    }

    function read() external view returns (WalletState, string memory) {
        return (wallet.state, wallet.text());
    }
}

/// @dev A field of a packed word neither reads nor writes its neighbours.
contract TermsTest is Fixture {
    function expectTerms(Terms terms, bool paused, uint8 strictness, uint256 respGas, uint256 buffer) internal pure {
        vm.assertTrue(terms.paused() == paused);
        vm.assertEq(terms.strictness(), strictness);
        vm.assertEq(terms.respGas(), respGas);
        vm.assertEq(terms.buffer(), buffer);
    }

    function expectCounters(Terms terms, uint256 traceId, uint256 mpcFee, uint256 collected) internal pure {
        vm.assertEq(terms.traceId(), traceId);
        vm.assertEq(terms.mpcFee(), mpcFee);
        vm.assertEq(terms.collected(), collected);
    }

    /// @dev The fields of any word, so that setters can be tried on all.
    function test_setPaused__should_change_nothing_else(uint256 word, bool value) public pure {
        Terms old = Terms.wrap(word & ~uint256(0xff));
        Terms terms = old.setPaused(value);
        expectTerms(terms, value, old.strictness(), old.respGas(), old.buffer());
        expectCounters(terms, old.traceId(), old.mpcFee(), old.collected());
    }

    function test_setStrictness__should_change_nothing_else(uint256 word, uint8 value) public pure {
        Terms old = Terms.wrap(word);
        Terms terms = old.setStrictness(value);
        expectTerms(terms, old.paused(), value, old.respGas(), old.buffer());
        expectCounters(terms, old.traceId(), old.mpcFee(), old.collected());
    }

    function test_demands__should_read_one_flag(uint256 word, uint8 strictness, uint8 place) public pure {
        uint8 flag = uint8(1 << (place % 8));
        vm.assertTrue(Terms.wrap(word).setStrictness(strictness).demands(flag) == (strictness & flag != 0));
    }

    function test_setRespGas__should_change_nothing_else(uint256 word, uint24 value) public pure {
        Terms old = Terms.wrap(word);
        Terms terms = old.setRespGas(value);
        expectTerms(terms, old.paused(), old.strictness(), value, old.buffer());
        expectCounters(terms, old.traceId(), old.mpcFee(), old.collected());
    }

    function test_setBuffer__should_change_nothing_else(uint256 word, uint16 value) public pure {
        Terms old = Terms.wrap(word);
        Terms terms = old.setBuffer(value);
        expectTerms(terms, old.paused(), old.strictness(), old.respGas(), value);
        expectCounters(terms, old.traceId(), old.mpcFee(), old.collected());
    }

    function test_setMpcFee__should_change_nothing_else(uint256 word, uint72 value) public pure {
        Terms old = Terms.wrap(word);
        Terms terms = old.setMpcFee(value);
        expectTerms(terms, old.paused(), old.strictness(), old.respGas(), old.buffer());
        expectCounters(terms, old.traceId(), value, old.collected());
    }

    function test_collect__should_add_to_the_fees_alone(uint168 word, uint80 first, uint80 second) public pure {
        Terms old = Terms.wrap(word);
        Terms terms = old.collect(first).collect(second);
        expectTerms(terms, old.paused(), old.strictness(), old.respGas(), old.buffer());
        expectCounters(terms, old.traceId(), old.mpcFee(), uint256(first) + second);
        expectCounters(terms.clearCollected(), old.traceId(), old.mpcFee(), 0);
    }

    function test_startTraceIds__should_change_nothing_else(uint256 word, uint40 value) public pure {
        Terms old = Terms.wrap(word);
        Terms terms = old.startTraceIds(value);
        expectTerms(terms, old.paused(), old.strictness(), old.respGas(), old.buffer());
        expectCounters(terms, value, old.mpcFee(), old.collected());
    }

    function test_nextTraceId__should_add_one(uint256 word) public pure {
        Terms old = Terms.wrap(word & ~(uint256(type(uint40).max) << 56) | uint256(uint32(word)) << 56);
        Terms terms = old.nextTraceId();
        expectTerms(terms, old.paused(), old.strictness(), old.respGas(), old.buffer());
        expectCounters(terms, old.traceId() + 1, old.mpcFee(), old.collected());
    }

    function test_request__should_read_back(uint8 status, uint8 delivery, uint80 held, uint32 time, bytes32 commitment)
        public
    {
        vm.warp(time);
        Request request = Requests.open(status, delivery, held, commitment);
        vm.assertEq(request.status(), status);
        vm.assertEq(request.delivery(), delivery);
        vm.assertEq(request.held(), held);
        vm.assertEq(request.requestedAt(), time);
        vm.assertEq(bytes32(request.commitment()), bytes32(bytes16(commitment)));
        Request closed = request.close(3);
        vm.assertEq(Request.unwrap(closed), Request.unwrap(Requests.open(3, delivery, 0, commitment)));
    }

    function test_commitment__should_stand_for_owner_broadcast_and_context(
        address owner,
        bool broadcast,
        bytes32 context,
        address other,
        bytes32 otherContext
    ) public view {
        vm.assume(other != owner && otherContext != context);
        Request request = Requests.open(1, 0, 0, Requests.commit(owner, broadcast, context));
        vm.assertTrue(request.matches(owner, broadcast, context));
        vm.assertFalse(request.matches(other, broadcast, context));
        vm.assertFalse(request.matches(owner, !broadcast, context));
        vm.assertFalse(request.matches(owner, broadcast, otherContext));
    }

    function test_wallet__should_read_back(uint8 status, uint8 options, uint80 held, uint32 time, uint8 other) public {
        vm.warp(time);
        WalletState state = Wallets.requested(status, options, held);
        vm.assertEq(state.status(), status);
        vm.assertEq(state.options(), options);
        vm.assertEq(state.held(), held);
        vm.assertEq(state.requestedAt(), time);
        vm.assertEq(state.delivery(), 0);
        WalletState changed = state.setDelivery(other).setHeld(other).setOptions(other).setStatus(other);
        vm.assertEq(changed.status(), other);
        vm.assertEq(changed.options(), other);
        vm.assertEq(changed.delivery(), other);
        vm.assertEq(changed.held(), other);
        vm.assertEq(changed.requestedAt(), time);
    }

    function test_address__should_read_back_at_any_length(string calldata name, uint80 held) public {
        WalletShelf shelf = new WalletShelf();
        shelf.register(Wallets.requested(1, 2, held), name, 0);
        (WalletState state, string memory seen) = shelf.read();
        vm.assertEq(seen, name);
        vm.assertEq(state.status(), 2);
        vm.assertEq(state.options(), 2);
        vm.assertEq(state.held(), held);
    }

    /// @dev A checked EVM account is in the wallet's own word; nothing that was held is left of it.
    function test_account__should_read_back(address account, uint8 options, uint8 delivery, uint80 held) public {
        vm.assume(account != address(0));
        WalletShelf shelf = new WalletShelf();
        WalletState asked = Wallets.requested(1, options, held).setDelivery(delivery);
        shelf.register(asked, Strings.toChecksumHexString(account), uint160(account));
        (WalletState state, string memory seen) = shelf.read();
        vm.assertEq(seen, Strings.toChecksumHexString(account));
        vm.assertEq(state.status(), 2);
        vm.assertEq(state.options(), options);
        vm.assertEq(state.delivery(), delivery);
        vm.assertEq(state.held(), 0);
        WalletState changed = state.setDelivery(3).setOptions(1);
        vm.assertEq(WalletState.unwrap(changed) >> 24, WalletState.unwrap(state) >> 24);
        vm.assertEq(WalletState.unwrap(state) >> 88, 1 << 160 | uint256(uint160(account)));
    }

    function test_address__should_read_back_at_every_edge() public {
        bytes memory name = new bytes(0);
        for (uint256 length = 0; length < 110; length++) {
            WalletShelf shelf = new WalletShelf();
            shelf.register(Wallets.requested(1, 1, 0), string(name), 0);
            (, string memory seen) = shelf.read();
            vm.assertEq(seen, string(name));
            name = abi.encodePacked(name, bytes1(uint8(33 + length)));
        }
    }
}
