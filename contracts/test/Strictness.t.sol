// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IRefunds} from "../src/interfaces/IRefunds.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {IZrSign} from "../src/interfaces/IZrSign.sol";
import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";
import {IZrSignOmni} from "../src/interfaces/IZrSignOmni.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {Fixture} from "./Fixture.sol";

/// @dev Each flag refuses what a bare deployment accepts; caps bind the fees.
contract StrictnessTest is Fixture {
    bytes32 internal constant BTC = keccak256(abi.encode(uint256(44), uint256(0)));

    function safety(uint8 strictness, uint256 mpc, uint256 gas, uint256 buffer)
        internal
        pure
        returns (SignTypes.Safety memory)
    {
        return SignTypes.Safety(strictness, 0, mpc, gas, buffer);
    }

    function test_bare__should_demand_nothing() public view {
        SignTypes.Safety memory seen = direct.getSafety();
        vm.assertEq(abi.encode(seen), abi.encode(SignTypes.Safety(0, 0, 0, 0, 0)));
    }

    function test_safety__should_read_back(uint8 strictness, uint32 delay, uint72 mpc, uint24 gas, uint16 buffer)
        public
    {
        SignTypes.Safety memory wanted = SignTypes.Safety(strictness, delay, mpc, gas, buffer);
        vm.expectEmit(address(direct));
        emit IZrSignConfig.SafetyUpdate(wanted);
        direct.configureSafety(wanted);
        vm.assertEq(abi.encode(direct.getSafety()), abi.encode(wanted));
        vm.assertEq(direct.getMPCFee(), MPC_FEE);
        vm.assertEq(direct.getRespGas(), RESP_GAS);
    }

    function test_safety__should_be_set_by_the_administrator_alone(address stranger) public {
        vm.assume(stranger != address(this) && stranger != PROXY_ADMIN);
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, bytes32(0))
        );
        vm.prank(stranger);
        direct.configureSafety(safety(255, 0, 0, 0));
    }

    function test_safety__should_refuse_caps_that_no_field_holds(uint256 cap) public {
        vm.assume(cap > type(uint72).max);
        vm.expectRevert(abi.encodeWithSelector(IZrSignConfig.AboveCap.selector, type(uint72).max, cap));
        direct.configureSafety(safety(0, cap, 0, 0));
        vm.expectRevert(abi.encodeWithSelector(IZrSignConfig.AboveCap.selector, type(uint24).max, cap));
        direct.configureSafety(safety(0, 0, cap, 0));
        vm.expectRevert(abi.encodeWithSelector(IZrSignConfig.AboveCap.selector, type(uint16).max, cap));
        direct.configureSafety(safety(0, 0, 0, cap));
    }

    function test_mpcFee__should_stay_below_its_cap(uint72 cap, uint256 fee) public {
        direct.configureSafety(safety(0, cap, 0, 0));
        uint256 bound = cap == 0 ? type(uint72).max : cap;
        if (fee > bound) {
            vm.expectRevert(abi.encodeWithSelector(IZrSignConfig.AboveCap.selector, bound, fee));
            direct.updateMPCFee(fee);
        } else {
            vm.expectEmit(address(direct));
            emit IZrSignConfig.MPCFeeUpdate(MPC_FEE, fee);
            direct.updateMPCFee(fee);
            vm.assertEq(direct.getMPCFee(), fee);
        }
    }

    function test_respGas__should_stay_below_its_cap(uint24 cap, uint256 gas) public {
        direct.configureSafety(safety(0, 0, cap, 0));
        uint256 bound = cap == 0 ? type(uint24).max : cap;
        if (gas > bound) {
            vm.expectRevert(abi.encodeWithSelector(IZrSignConfig.AboveCap.selector, bound, gas));
            direct.updateRespGas(gas);
        } else {
            vm.expectEmit(address(direct));
            emit ISign.RespGasUpdate(RESP_GAS, gas);
            direct.updateRespGas(gas);
            vm.assertEq(direct.getRespGas(), gas);
        }
    }

    function test_buffer__should_stay_below_its_cap(uint16 cap, uint256 buffer) public {
        direct.configureSafety(safety(0, 0, 0, cap));
        uint256 bound = cap == 0 ? type(uint16).max : cap;
        if (buffer > bound) {
            vm.expectRevert(abi.encodeWithSelector(IZrSignConfig.AboveCap.selector, bound, buffer));
            direct.updateRespGasBuffer(buffer);
        } else {
            vm.expectEmit(address(direct));
            emit ISign.RespGasPriceBufferUpdate(BUFFER, buffer);
            direct.updateRespGasBuffer(buffer);
            vm.assertEq(direct.getRespGasPriceBuffer(), buffer);
        }
    }

    function test_owner__should_be_named_where_it_is_demanded(uint8 options) public {
        vm.assume(options != 0);
        direct.zrKeyReq{value: directFee(options)}(SignTypes.ZrKeyReqParams(address(0), EVM, options));
        demand(direct, Strictness.OWNER);
        demand(omni, Strictness.OWNER);
        bytes memory refusal = abi.encodeWithSelector(ISign.OwnableInvalidOwner.selector, address(0));
        vm.expectRevert(refusal);
        direct.zrKeyReq{value: 1 ether}(SignTypes.ZrKeyReqParams(address(0), EVM, options));
        vm.expectRevert(refusal);
        omni.zrKeyReq{value: 1 ether}(SignTypes.ZrKeyReqParams(address(0), EVM, options));
    }

    function test_hash__should_have_32_bytes_where_it_is_demanded(bytes calldata payload) public {
        registerWallet(USER, 1);
        demand(direct, Strictness.HASH);
        vm.startPrank(USER);
        uint256 fee = directFee(1);
        if (payload.length != 32) {
            vm.expectRevert(abi.encodeWithSelector(ISign.InvalidPayloadLength.selector, 32, payload.length));
        }
        direct.zrSignHash{value: fee}(signParams(0, payload, false));
        direct.zrSignData{value: fee}(signParams(0, payload, false));
        direct.zrSignTx{value: fee}(signParams(0, payload, false));
        direct.zrSignHash{value: fee}(signParams(0, abi.encode(1), false));
        vm.stopPrank();
    }

    function test_options__should_be_known_where_it_is_demanded(uint8 options) public {
        vm.assume(options > 2);
        direct.zrKeyReq{value: directFee(options)}(SignTypes.ZrKeyReqParams(USER, EVM, options));
        demand(direct, Strictness.OPTIONS);
        uint256 fee = directFee(options);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidOptions.selector, options));
        direct.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(RELAYER, EVM, options));
        direct.zrKeyReq{value: directFee(2)}(SignTypes.ZrKeyReqParams(RELAYER, EVM, 2));
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidOptions.selector, 0));
        direct.zrKeyReq{value: fee}(SignTypes.ZrKeyReqParams(RELAYER, EVM, 0));
    }

    function test_optionsAgain__should_stay_in_a_bare_deployment(uint8 first, uint8 second) public {
        vm.assume(first != 0 && second != 0);
        vm.deal(USER, 100 ether);
        vm.startPrank(USER);
        direct.zrKeyReq{value: directFee(first)}(SignTypes.ZrKeyReqParams(USER, EVM, first));
        direct.zrKeyReq{value: directFee(second)}(SignTypes.ZrKeyReqParams(USER, EVM, second));
        vm.stopPrank();
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).options, first);
    }

    function test_address__should_be_one_where_it_is_demanded(string calldata wallet) public {
        vm.assume(bytes(wallet).length > 4 && bytes(wallet).length != 42);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        demand(direct, Strictness.ADDRESS);
        vm.expectRevert(abi.encodeWithSelector(ISign.InvalidAddress.selector, wallet));
        direct.zrKeyRes(keyAnswer(USER, 0, wallet));
        demand(direct, 0);
        direct.zrKeyRes(keyAnswer(USER, 0, wallet));
        vm.assertEq(direct.getZrKey(EVM, USER, 0), wallet);
    }

    function test_strictAddress__should_accept_any_right_one(address account) public {
        demand(direct, Strictness.ADDRESS);
        string memory wallet = Strings.toChecksumHexString(account);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
        direct.zrKeyRes(keyAnswer(USER, 0, wallet));
        vm.assertEq(direct.getZrKey(EVM, USER, 0), wallet);
        vm.prank(USER);
        direct.setAnswerDelivery(EVM, 0, 3);
        vm.assertEq(direct.getZrKeys(EVM, USER)[0], wallet);
        vm.assertEq(direct.getWalletRegistry(EVM, 0, USER).status, 2);
    }

    function test_strictAddress__should_accept_a_right_one() public {
        demand(direct, Strictness.ADDRESS);
        registerWallet(USER, 1);
        vm.assertEq(direct.getZrKey(EVM, USER, 0), "0x000000000000000000000000000000000000dEaD");
    }

    function test_config__should_have_purpose_and_caip2_where_it_is_demanded(uint256 coinType) public {
        demand(direct, Strictness.CONFIG);
        vm.expectRevert(IZrSignConfig.InvalidConfiguration.selector);
        direct.walletTypeIdConfig(0, coinType, true);
        vm.expectRevert(IZrSignConfig.InvalidConfiguration.selector);
        direct.chainIdConfig(EVM, "Sepolia", true);
        direct.chainIdConfig(EVM, "eip155:1", true);
        demand(direct, 0);
        direct.chainIdConfig(EVM, "Sepolia", true);
        demand(direct, Strictness.CONFIG);
        direct.chainIdConfig(EVM, "Sepolia", false);
        direct.walletTypeIdConfig(44, coinType == 60 ? 61 : coinType, true);
    }

    function test_refund__should_pay_no_more_than_was_used_at_a_fair_price(uint40 gasPrice, uint24 spare) public {
        demand(direct, Strictness.REFUND);
        registerWallet(USER, 1);
        (uint256 traceId,) = requestHash(USER, "payload", 1 ether);
        SignTypes.SignResParams memory answer = signAnswer(traceId, USER);
        uint256 before = RELAYER.balance;
        vm.txGasPrice(gasPrice);
        vm.prank(RELAYER);
        direct.zrSignRes{gas: 120_000 + uint256(spare)}(answer);
        uint256 fair = BASE_FEE * BUFFER / 100;
        uint256 paid = RELAYER.balance - before;
        vm.assertTrue(paid <= 130_000 * (gasPrice < fair ? gasPrice : fair));
    }

    /// @dev The cost of a transaction is paid once, however many answers it has.
    function test_refund__should_pay_for_a_transaction_once(uint8 count) public {
        demand(direct, Strictness.REFUND);
        registerWallet(USER, 1);
        uint256 answers = 2 + count % 6;
        for (uint256 i = 0; i < answers; i++) {
            requestHash(USER, "payload", 1 ether);
        }
        vm.txGasPrice(BASE_FEE);
        uint256[] memory costs = new uint256[](answers);
        for (uint256 traceId = 0; traceId < answers; traceId++) {
            uint256 before = RELAYER.balance;
            vm.prank(RELAYER);
            direct.zrSignRes{gas: RESP_GAS}(signAnswer(traceId, USER));
            costs[traceId] = RELAYER.balance - before;
        }
        // The wallet's key was answered in this transaction too, so no signature pays for the transaction.
        for (uint256 i = 0; i < answers; i++) {
            vm.assertTrue(costs[i] < (32_000 - 21_000 + 60_000) * BASE_FEE);
        }
    }

    /// @dev The price that call data has where it is most of a transaction (EIP-7623): 40 gas a byte that is not zero. What
    /// a long payload can cost is quoted, and held.
    function test_refund__should_cover_an_answer_that_repeats_a_long_payload(uint16 length) public {
        demand(direct, Strictness.REFUND);
        registerWallet(USER, 1);
        bytes memory payload = new bytes(length % 20_000);
        for (uint256 i = 0; i < payload.length; i++) {
            payload[i] = 0xff;
        }
        SignTypes.ZrSignParams memory params = signParams(0, payload, true);
        (uint256 mpc, uint256 held, uint256 total) = direct.estimateFee(USER, params, 0);
        uint256 above = payload.length > 4096 ? payload.length - 4096 : 0;
        vm.assertEq(held, (RESP_GAS + 40 * above) * (BASE_FEE * BUFFER / 100));
        vm.deal(USER, total);
        vm.prank(USER);
        vm.assertEq(direct.zrSignTx{value: total}(params), 0);
        vm.assertEq(direct.getRequestState(0).value, total - mpc);

        SignTypes.SignResParams memory answer = answerWith(0, USER, payload);
        vm.deal(RELAYER, 1);
        vm.prank(RELAYER);
        direct.zrSignRes(answer);
        // The transaction is paid for by the wallet's key. Call data has 10 gas a zero byte, 40 any other.
        uint256 floor = tokens(abi.encodeCall(direct.zrSignRes, (answer))) * 10;
        vm.assertTrue(RELAYER.balance >= floor * BASE_FEE, "short");
        if (payload.length > 10_000) vm.assertTrue(RELAYER.balance <= (floor + 30_000) * BASE_FEE, "too much");
    }

    /// @dev Zero bytes, and four for any other (EIP-7623).
    function tokens(bytes memory data) internal pure returns (uint256 count) {
        for (uint256 i = 0; i < data.length; i++) {
            count += data[i] == 0 ? 1 : 4;
        }
    }

    function answerWith(uint256 traceId, address owner, bytes memory metaData)
        internal
        pure
        returns (SignTypes.SignResParams memory)
    {
        bytes memory payload = abi.encode(CHAIN, traceId, owner, metaData, bytes("s"), true);
        return SignTypes.SignResParams(traceId, owner, metaData, "s", true, signAuthority(MPC_KEY, payload));
    }

    /// @dev A chain without a base fee: the owner pays by what it offers above the fee.
    function test_refund__should_pay_the_submitter_where_there_is_no_base_fee(uint40 gasPrice, uint64 offered) public {
        demand(direct, Strictness.REFUND);
        vm.fee(0);
        registerWallet(USER, 1);
        vm.deal(USER, 20 ether);
        vm.prank(USER);
        direct.zrSignHash{value: MPC_FEE + uint256(offered)}(signParams(0, "payload", false));
        vm.txGasPrice(gasPrice);
        uint256 before = RELAYER.balance;
        vm.prank(RELAYER);
        direct.zrSignRes{gas: RESP_GAS}(signAnswer(0, USER));
        uint256 paid = RELAYER.balance - before;
        uint256 fair = uint256(offered) / RESP_GAS;
        uint256 price = gasPrice < fair ? gasPrice : fair;
        vm.assertTrue(paid <= offered && paid <= RESP_GAS * price);
        vm.assertTrue(paid >= 25_000 * price);
    }

    function test_answeredRequest__should_be_an_empty_record_of_a_past_number(bool strict) public {
        if (strict) demand(direct, Strictness.REFUND);
        registerWallet(USER, 1);
        (uint256 traceId,) = requestHash(USER, "payload", 0);
        direct.zrSignRes(signAnswer(traceId, USER));
        SignTypes.ReqRegistry memory state = direct.getRequestState(traceId);
        vm.assertEq(state.status, 2);
        vm.assertEq(state.value, 0);
        vm.assertEq(abi.encode(direct.getRequest(traceId)), abi.encode(SignTypes.RequestInfo(2, 0, 0, 0, 0)));
        vm.assertEq(direct.getRequestState(traceId + 1).status, 0);
        vm.expectRevert(abi.encodeWithSelector(IRefunds.RequestNotFoundOrAlreadyProcessed.selector, traceId));
        direct.zrSignRes(signAnswer(traceId, USER));
    }

    function test_payment__should_fit_its_field(uint256 surplus) public {
        uint256 most = type(uint80).max;
        surplus = most + MPC_FEE + 1 + surplus % 1e30;
        vm.deal(USER, 2 * surplus);
        vm.expectRevert(abi.encodeWithSelector(ISign.PaymentTooLarge.selector, most, surplus - MPC_FEE));
        vm.prank(USER);
        direct.zrKeyReq{value: surplus}(SignTypes.ZrKeyReqParams(USER, EVM, 1));
    }

    function test_fees__should_follow_their_arithmetic(
        uint72 mpcFee,
        uint24 respGas,
        uint16 buffer,
        uint64 baseFee,
        uint8 options,
        uint128 value
    ) public {
        vm.assume(options != 0);
        direct.updateMPCFee(mpcFee);
        direct.updateRespGas(respGas);
        direct.updateRespGasBuffer(buffer);
        vm.fee(baseFee);
        uint256 mpc = uint256(mpcFee) * options;
        uint256 netResp = respGas * (uint256(baseFee) * buffer / 100);
        uint256 total = mpc + netResp;
        (uint256 seenMpc, uint256 seenNet, uint256 seenTotal) = direct.estimateFee(options, value);
        vm.assertEq(seenMpc, mpc);
        vm.assertEq(seenTotal, value > total ? value : total);
        vm.assertEq(seenNet, value > total ? value - mpc : netResp);
        (seenMpc, seenNet, seenTotal) = omni.estimateFee(1, value);
        vm.assertEq(seenNet, 0);
        vm.assertEq(seenTotal, MPC_FEE);
    }

    function test_interfaces__should_be_announced(bytes4 other) public view {
        bytes4[5] memory both = [
            bytes4(0x01ffc9a7),
            bytes4(0x7965db0b),
            type(IRefunds).interfaceId,
            type(IZrSignConfig).interfaceId,
            type(IERC165).interfaceId
        ];
        for (uint256 i = 0; i < both.length; i++) {
            vm.assertTrue(direct.supportsInterface(both[i]) && omni.supportsInterface(both[i]));
            if (other == both[i]) return;
        }
        bytes4 sign = type(ISign).interfaceId;
        bytes4 whole = type(IZrSign).interfaceId;
        bytes4 omniOnly = type(IZrSignOmni).interfaceId;
        vm.assertTrue(direct.supportsInterface(sign) && direct.supportsInterface(whole));
        vm.assertTrue(omni.supportsInterface(omniOnly) && !omni.supportsInterface(sign));
        if (other == sign || other == whole || other == omniOnly) return;
        vm.assertFalse(direct.supportsInterface(other) || omni.supportsInterface(other));
        vm.assertFalse(direct.supportsInterface(0xffffffff));
    }

    function test_pause__should_be_ended_once(address pauser) public {
        vm.assume(pauser != PROXY_ADMIN);
        bytes32 role = direct.PAUSER_ROLE();
        direct.grantRole(role, pauser);
        vm.startPrank(pauser);
        vm.expectRevert(IZrSignConfig.ExpectedPause.selector);
        direct.unpause();
        vm.expectEmit(address(direct));
        emit IZrSignConfig.Paused(pauser);
        direct.pause();
        vm.assertTrue(direct.paused());
        vm.expectRevert(IZrSignConfig.EnforcedPause.selector);
        direct.pause();
        vm.expectEmit(address(direct));
        emit IZrSignConfig.Unpaused(pauser);
        direct.unpause();
        vm.assertFalse(direct.paused());
        vm.stopPrank();
    }

    function test_key__should_panic_out_of_range(uint256 index) public {
        vm.expectRevert(abi.encodeWithSelector(bytes4(0x4e487b71), 0x32));
        direct.getZrKey(EVM, USER, index);
    }

    function test_bitcoinKeys__should_list_long_addresses() public {
        direct.walletTypeIdConfig(44, 0, true);
        string memory wallet = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
        demand(direct, Strictness.ADDRESS);
        direct.zrKeyReq{value: directFee(1)}(SignTypes.ZrKeyReqParams(USER, BTC, 1));
        bytes memory payload = abi.encode(CHAIN, BTC, USER, uint256(0), wallet, uint8(1));
        bytes memory signature = signAuthority(MPC_KEY, payload);
        direct.zrKeyRes(SignTypes.ZrKeyResParams(BTC, USER, 0, wallet, 1, signature));
        vm.assertEq(direct.getZrKeys(BTC, USER)[0], wallet);
    }
}
