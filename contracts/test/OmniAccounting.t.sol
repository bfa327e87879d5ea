// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignOmni} from "../src/ZrSignOmni.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";
import {Rejecting} from "./Handler.sol";

/// @dev Requests of Omni with any payments, by payers that take change and one that does not.
contract OmniHandler is Fixture {
    address[3] public payers;
    uint256 public asked;
    uint256 public wealth;
    bool public changeKept;

    constructor() {
        setUp();
        payers = [address(0x2001), address(0x2002), address(new Rejecting())];
        for (uint256 i = 0; i < payers.length; i++) {
            vm.deal(payers[i], 1_000_000 ether);
        }
        wealth = total();
    }

    /// @dev Once: forge may call it again.
    function setUp() public override {
        if (address(omni) == address(0)) super.setUp();
    }

    function requestKey(uint8 who, uint8 options, uint64 surplus, uint8 owner) external {
        options = options % 2 + 1;
        address payer = payers[who % 3];
        uint256 before = worth(payer);
        vm.prank(payer);
        omni.zrKeyReq{value: MPC_FEE * options + surplus}(SignTypes.ZrKeyReqParams(payers[owner % 3], EVM, options));
        if (before - worth(payer) != MPC_FEE * options) changeKept = true;
    }

    function requestSignature(uint8 who, uint8 index, uint64 surplus) external {
        address payer = payers[who % 3];
        uint256 count = omni.getWalletCount(EVM, payer);
        if (count == 0) return;
        uint256 wallet = index % count;
        (,, uint256 fee) = omni.estimateFee(EVM, payer, wallet, 0);
        uint256 before = worth(payer);
        vm.prank(payer);
        omni.zrSignData{value: fee + surplus}(signParams(wallet, "payload", false));
        if (before - worth(payer) != fee) changeKept = true;
        asked++;
    }

    function claim(uint8 who) external {
        vm.prank(payers[who % 3]);
        omni.claimRefund(payable(payers[0]));
    }

    function withdraw(bool older) external {
        if (older) omni.withdrawFees();
        else omni.withdrawMPCFees();
    }

    /// @dev What a payer has and what is kept for it.
    function worth(address payer) public view returns (uint256) {
        return payer.balance + omni.refundCredit(payer);
    }

    function owed() external view returns (uint256 sum) {
        sum = omni.getColletedFees();
        for (uint256 i = 0; i < payers.length; i++) {
            sum += omni.refundCredit(payers[i]);
        }
    }

    function total() public view returns (uint256 sum) {
        sum = address(omni).balance + address(this).balance;
        for (uint256 i = 0; i < payers.length; i++) {
            sum += payers[i].balance;
        }
    }

    function sign() external view returns (ZrSignOmni) {
        return omni;
    }
}

/// @dev What holds of Omni after any calls in any order.
contract OmniAccountingTest is Fixture {
    OmniHandler internal handler;

    function setUp() public override {
        handler = new OmniHandler();
        omni = handler.sign();
    }

    /// @dev What forge calls at random.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev Who calls: an account apart, because forge gives its senders ether.
    function targetSenders() public pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(0x5E4D);
    }

    function invariant_balance__should_be_fees_and_credits() public view {
        vm.assertEq(address(omni).balance, handler.owed());
    }

    function invariant_ether__should_never_be_lost_nor_made() public view {
        vm.assertEq(handler.total(), handler.wealth());
    }

    function invariant_change__should_always_go_back() public view {
        vm.assertFalse(handler.changeKept());
    }

    function invariant_traceIds__should_have_no_holes() public view {
        vm.assertEq(omni.getTraceId(), handler.asked());
    }

    function invariant_wallets__should_have_indices_below_their_count() public view {
        for (uint256 i = 0; i < 3; i++) {
            uint256 count = omni.getWalletCount(EVM, handler.payers(i));
            if (count != 0) vm.assertEq(omni.getWalletRegistry(EVM, count - 1, handler.payers(i)).status, 1);
            vm.assertEq(omni.getWalletRegistry(EVM, count, handler.payers(i)).status, 0);
        }
    }
}
