// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSign} from "../src/ZrSign.sol";
import {CompactAnswer} from "../src/libraries/CompactAnswers.sol";
import {Request, Requests} from "../src/libraries/Requests.sol";
import {Terms} from "../src/libraries/Terms.sol";
import {Wallet, WalletState, Wallets} from "../src/libraries/Wallets.sol";
import {Vm} from "../test/Vm.sol";

/// @dev Direct with any state, and the way of a settlement alone.
contract OpenDirect is ZrSign {
    function settle(Terms terms, address owner, uint256 held, uint256 gasAtStart, uint256 length)
        external
        returns (uint256)
    {
        return _settle(terms, owner, held, gasAtStart, length);
    }

    function put(uint256 traceId, Request request) external {
        _signStorage().requests[traceId] = request;
    }

    function put(bytes32 walletTypeId, address owner, uint256 walletIndex, WalletState state) external {
        _signStorage().wallets[_walletId(walletTypeId, owner, walletIndex)].state = state;
    }

    function creditOf(address account) external view returns (uint256) {
        return _signStorage().credit[account];
    }
}

/// @title What `make prove` shows of every value there is
/// @dev Halmos calls each `check_` with symbols for its arguments and looks for any that break an assertion. Forge compiles
/// them and runs none.
contract Proofs {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    Wallet private wallet;
    CompactAnswer private answer;
    OpenDirect private direct;

    function setUp() public {
        direct = new OpenDirect();
        // After every deadline that a request can have.
        vm.warp(type(uint40).max);
    }

    // Packing: a field reads what was written to it, and no other changes.

    function check_terms__should_keep_their_fields_apart(
        uint256 word,
        uint8 strictness,
        uint24 respGas,
        uint16 buffer,
        uint72 mpcFee,
        uint40 traceId
    ) public pure {
        Terms old = Terms.wrap(word);
        Terms terms = old.setStrictness(strictness).setRespGas(respGas).setBuffer(buffer);
        assert(terms.paused() == old.paused() && terms.traceId() == old.traceId());
        assert(terms.mpcFee() == old.mpcFee() && terms.collected() == old.collected());
        terms = terms.setMpcFee(mpcFee).startTraceIds(traceId);
        assert(terms.strictness() == strictness && terms.respGas() == respGas && terms.buffer() == buffer);
        assert(terms.mpcFee() == mpcFee && terms.traceId() == traceId && terms.collected() == old.collected());
        terms = terms.setPaused(false).clearCollected();
        assert(!terms.paused() && terms.collected() == 0 && terms.mpcFee() == mpcFee && terms.traceId() == traceId);
        assert(terms.setPaused(true).paused());
    }

    function check_terms__should_count_and_collect_alone(uint256 word, uint80 amount) public pure {
        Terms old = Terms.wrap(word);
        if (old.traceId() == type(uint40).max || old.collected() > type(uint88).max - uint256(amount)) return;
        Terms terms = old.nextTraceId().collect(amount);
        assert(terms.traceId() == old.traceId() + 1 && terms.collected() == old.collected() + amount);
        assert(terms.paused() == old.paused() && terms.strictness() == old.strictness());
        assert(terms.respGas() == old.respGas() && terms.buffer() == old.buffer() && terms.mpcFee() == old.mpcFee());
    }

    function check_request__should_read_back(uint8 status, uint8 delivery, uint80 held, bytes32 commitment, uint8 end)
        public
        view
    {
        Request request = Requests.open(status, delivery, held, commitment);
        assert(request.status() == status && request.delivery() == delivery && request.held() == held);
        assert(request.requestedAt() == uint32(block.timestamp) && request.commitment() == bytes16(commitment));
        Request closed = request.close(end);
        assert(closed.status() == end && closed.delivery() == delivery && closed.held() == 0);
        assert(closed.requestedAt() == request.requestedAt() && closed.commitment() == request.commitment());
    }

    function check_wallet__should_read_back(uint8 status, uint8 options, uint80 held, uint8 delivery, uint80 next)
        public
        view
    {
        WalletState state = Wallets.requested(status, options, held).setDelivery(delivery);
        assert(state.status() == status && state.options() == options && state.held() == held);
        assert(state.delivery() == delivery && state.requestedAt() == uint32(block.timestamp));
        WalletState changed = state.setHeld(next);
        assert(changed.held() == next && changed.status() == status && changed.options() == options);
        assert(changed.delivery() == delivery && changed.requestedAt() == state.requestedAt());
    }

    function check_account__should_leave_choices_and_hold_nothing(
        uint8 options,
        uint8 delivery,
        uint80 held,
        uint160 account
    ) public {
        if (account == 0) return;
        wallet.state = Wallets.requested(1, options, held).setDelivery(delivery);
        this.register(account, "");
        WalletState state = wallet.state;
        assert(state.status() == 2 && state.options() == options && state.delivery() == delivery);
        assert(state.held() == 0 && WalletState.unwrap(state) >> 88 == 1 << 160 | uint256(account));
    }

    function register(uint160 account, string calldata text) external {
        Wallets.register(wallet, wallet.state, 2, text, account);
    }

    /// @dev Two words are 65 bytes again, or are not taken.
    function check_storedAnswer__should_read_back(bytes32 r, bytes32 s, uint8 v) public {
        bool kept = this.keep(abi.encodePacked(r, s, v));
        assert(kept == (r != 0 && uint256(s) < 1 << 255 && v < 2));
        if (!kept) return;
        assert(answer.r == r && uint256(answer.vs) << 1 == uint256(s) << 1);
        assert(uint256(answer.vs) >> 255 == v);
    }

    function keep(bytes calldata signature) external returns (bool) {
        return answer.keep(signature);
    }

    // Settlement: what was held is paid or owed whole, and nothing else.

    function check_settlement__should_part_what_is_held(
        uint256 terms,
        uint80 held,
        uint32 gasAtStart,
        uint24 length,
        uint96 other
    ) public {
        address owner = address(0xBEEF);
        uint256 before = uint256(held) + other;
        vm.deal(address(direct), before);
        uint256 cost = direct.settle(Terms.wrap(terms), owner, held, uint256(gasAtStart) + 100_000_000, length);
        uint256 paid = before - address(direct).balance;
        assert(cost <= held);
        assert(paid + direct.creditOf(owner) + cost == held);
    }

    // Only the owner takes back what is held for its request.

    function check_cancellation__should_be_the_owners(
        address caller,
        uint256 traceId,
        uint256 word,
        bool broadcast,
        bytes32 context
    ) public {
        Request request = Request.wrap(word);
        direct.put(traceId, request);
        (bool done,) = address(this).call(abi.encodeCall(this.cancel, (caller, traceId, broadcast, context)));
        if (!done) return;
        assert(request.status() == 1);
        assert(request.commitment() == bytes16(keccak256(abi.encode(caller, broadcast, context))));
    }

    function cancel(address caller, uint256 traceId, bool broadcast, bytes32 context) external {
        vm.prank(caller);
        direct.cancelRequest(traceId, broadcast, context);
    }

    function check_keyCancellation__should_be_the_owners(
        address caller,
        address owner,
        bytes32 walletTypeId,
        uint256 index
    ) public {
        direct.put(walletTypeId, owner, index, Wallets.requested(1, 1, 5));
        (bool done,) = address(this).call(abi.encodeCall(this.cancelKey, (caller, owner, walletTypeId, index)));
        if (done) assert(caller == owner || owner == address(0));
    }

    function cancelKey(address caller, address owner, bytes32 walletTypeId, uint256 index) external {
        vm.prank(caller);
        direct.cancelKeyRequest(walletTypeId, owner, index);
    }
}
