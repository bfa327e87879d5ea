// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

/// @dev Takes no ether and signs nothing by itself.
contract Rejecting {}

/// @dev Everything that moves ether, called in any order with any values.
contract Handler is Fixture {
    address[3] public owners = [address(0x1001), address(0x1002), address(0)];

    constructor() {
        setUp();
        owners[2] = address(new Rejecting());
        for (uint256 i = 0; i < owners.length; i++) {
            vm.deal(owners[i], 1_000_000 ether);
        }
    }

    /// @dev Once: forge may call it again.
    function setUp() public override {
        if (address(direct) == address(0)) super.setUp();
    }

    function requestKey(uint8 who, uint8 options, uint64 surplus) external {
        address owner = owners[who % 3];
        options = options % 3 + 1;
        direct.zrKeyReq{value: directFee(options) + surplus}(SignTypes.ZrKeyReqParams(owner, EVM, options));
    }

    function answerKey(uint8 who, uint40 gasPrice) external {
        address owner = owners[who % 3];
        uint256 index = direct.getZrKeys(EVM, owner).length;
        if (direct.getWalletRegistry(EVM, index, owner).status != 1) return;
        SignTypes.ZrKeyResParams memory answer = keyAnswer(owner, index, "0x000000000000000000000000000000000000dEaD");
        vm.txGasPrice(gasPrice);
        vm.prank(RELAYER);
        direct.zrKeyRes{gas: RESP_GAS}(answer);
    }

    function requestSignature(uint8 who, uint8 index, uint64 surplus) external {
        address owner = owners[who % 3];
        uint256 count = direct.getZrKeys(EVM, owner).length;
        if (count == 0) return;
        uint256 wallet = index % count;
        (,, uint256 fee) = direct.estimateFee(EVM, owner, wallet, 0);
        vm.prank(owner);
        direct.zrSignHash{value: fee + surplus}(signParams(wallet, "payload", false));
    }

    function answerSignature(uint8 who, uint16 number, uint40 gasPrice) external {
        uint256 count = direct.getTraceId();
        if (count == 0 || direct.getRequestState(number % count).status != 1) return;
        SignTypes.SignResParams memory answer = signAnswer(number % count, owners[who % 3]);
        vm.txGasPrice(gasPrice);
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(answer);
    }

    function claim(uint8 who) external {
        vm.prank(owners[who % 3]);
        direct.claimRefund(payable(USER));
    }

    function withdraw() external {
        direct.withdrawMPCFees();
    }

    /// @dev Fees, what open requests hold, and credits.
    function owed() external view returns (uint256 sum) {
        sum = direct.getColletedFees() + direct.refundCredit(RELAYER);
        for (uint256 i = 0; i < owners.length; i++) {
            uint256 index = direct.getZrKeys(EVM, owners[i]).length;
            sum += direct.getWalletRegistry(EVM, index, owners[i]).value + direct.refundCredit(owners[i]);
        }
        for (uint256 traceId = 0; traceId < direct.getTraceId(); traceId++) {
            SignTypes.ReqRegistry memory request = direct.getRequestState(traceId);
            if (request.status == 1) sum += request.value;
        }
    }

    function balance() external view returns (uint256) {
        return address(direct).balance;
    }
}

contract AccountingTest is Fixture {
    Handler internal handler;

    function setUp() public override {
        handler = new Handler();
        vm.deal(address(handler), 1_000_000 ether);
    }

    /// @dev What forge calls at random.
    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_balance__should_be_fees_open_requests_and_credits() public view {
        vm.assertEq(handler.balance(), handler.owed());
    }
}
