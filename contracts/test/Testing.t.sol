// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ZrSignConnect} from "../src/ZrSignConnect.sol";
import {ZrSignConnectConsumer} from "../src/ZrSignConnectConsumer.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Strictness} from "../src/libraries/Strictness.sol";
import {ZrSignTest} from "../src/testing/ZrSignTest.sol";
import {Vm} from "./Vm.sol";

/// @dev A dApp that asks for everything and keeps what it is told.
contract Asker is ZrSignConnect, ZrSignConnectConsumer {
    mapping(uint256 traceId => bytes) public told;

    constructor(address payable zrSign) payable ZrSignConnect(zrSign) {}

    function listen(bytes32 walletTypeId, uint8 delivery) external {
        deliverAnswers(walletTypeId, 0, delivery);
    }

    function askHash(bytes32 digest) external returns (uint256) {
        return reqSignForHash(EVM_WALLET_TYPE, 0, toChainId("eip155:1"), digest);
    }

    function askData(bytes32 walletTypeId, string calldata chain, bytes calldata data) external returns (uint256) {
        return reqSignForData(walletTypeId, 0, toChainId(chain), data);
    }

    function askTx(bytes calldata unsigned) external returns (uint256) {
        return reqSignForTx(EVM_WALLET_TYPE, 0, toChainId("eip155:1"), unsigned, true);
    }

    function askPayment(string calldata to, uint256 sats) external returns (uint256) {
        return reqSignForSimpleTx(
            BTC_WALLET_TYPE, 0, toChainId("bip122:0f9188f13cb7b2c71f2a335e3a4fc328"), to, sats, "", true
        );
    }

    function _onAnswer(uint256 traceId, bytes calldata, bytes calldata signature) internal override {
        told[traceId] = signature;
    }
}

/// @title The fixture for dApps, used as a dApp's author does
contract TestingTest is ZrSignTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bytes32 private constant DIGEST = keccak256("digest");
    Asker private direct;
    Asker private omni;

    function setUp() public {
        deployZrSign();
        direct = new Asker{value: 1 ether}(payable(address(zrSign)));
        omni = new Asker{value: 1 ether}(payable(address(zrSignOmni)));
        _wallets(direct);
        _wallets(omni);
        vm.assertEq(answerRequests(), 6);
    }

    function test_key__should_be_answered_with_the_wallets_address() public view {
        vm.assertEq(direct.getEVMWallet(0), addressOf(EVM_WALLET, address(direct), 0));
        vm.assertEq(direct.getBTCWallet(0), addressOf(BITCOIN_TEST_WALLET, address(direct), 0));
        vm.assertEq(direct.getSolanaWallets().length, 1);
    }

    function test_wallets__should_differ_by_owner_and_index() public view {
        vm.assertTrue(evmWallet(address(direct), 0) != evmWallet(address(omni), 0));
        vm.assertTrue(evmWallet(address(direct), 0) != evmWallet(address(direct), 1));
    }

    function test_hash__should_be_signed_by_the_wallet() public {
        uint256 traceId = direct.askHash(DIGEST);
        vm.assertEq(signatureOf(address(zrSign), traceId).length, 0);
        answerRequests();
        vm.assertEq(uint256(zrSign.getRequest(traceId).status), 2);
        _isSignedBy(direct, DIGEST, signatureOf(address(zrSign), traceId));
    }

    function test_data__should_be_hashed_as_a_personal_message() public {
        uint256 traceId = direct.askData(EVM_WALLET, "eip155:1", "hello");
        answerRequests();
        bytes32 digest = MessageHashUtils.toEthSignedMessageHash(bytes("hello"));
        _isSignedBy(direct, digest, signatureOf(address(zrSign), traceId));
    }

    function test_transaction__should_be_signed_over_its_hash() public {
        uint256 traceId = direct.askTx(hex"02c0");
        answerRequests();
        _isSignedBy(direct, keccak256(hex"02c0"), signatureOf(address(zrSign), traceId));
    }

    function test_omni__should_keep_its_answers_to_itself() public {
        uint256 traceId = omni.askHash(DIGEST);
        vm.assertEq(answerRequests(), 1);
        _isSignedBy(omni, DIGEST, signatureOf(address(zrSignOmni), traceId));
        vm.assertEq(signatureOf(address(zrSign), traceId).length, 0);
    }

    function test_delivery__should_be_what_the_dapp_chose() public {
        uint8[4] memory kinds = [0, 1, 2, 3];
        for (uint256 i = 0; i < kinds.length; ++i) {
            direct.listen(EVM_WALLET, kinds[i]);
            uint256 traceId = direct.askHash(DIGEST);
            answerRequests();
            bytes memory signature = signatureOf(address(zrSign), traceId);
            vm.assertEq(direct.told(traceId), kinds[i] & 2 != 0 ? signature : bytes(""));
            vm.assertEq(zrSign.getAnswer(traceId), kinds[i] & 1 != 0 ? signature : bytes(""));
        }
    }

    function test_bitcoin_payment__should_be_told_r_and_s_to_direct() public {
        uint256 traceId = direct.askPayment("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", 1);
        answerRequests();
        vm.assertEq(signatureOf(address(zrSign), traceId).length, 64);
    }

    function test_der__should_have_no_leading_zeros_and_no_sign() public {
        for (uint256 i = 0; i < 20; ++i) {
            uint256 traceId = omni.askData(BITCOIN_TEST_WALLET, _regtest(), abi.encode(i));
            answerRequests();
            bytes memory signature = signatureOf(address(zrSignOmni), traceId);
            vm.assertEq(uint256(uint8(signature[0])), 0x30);
            vm.assertEq(uint256(uint8(signature[1])), signature.length - 2);
            uint256 place = 2;
            while (place < signature.length) {
                vm.assertEq(uint256(uint8(signature[place])), 2);
                vm.assertTrue(uint8(signature[place + 2]) < 0x80);
                vm.assertTrue(signature[place + 2] != 0 || uint8(signature[place + 3]) >= 0x80);
                place += 2 + uint8(signature[place + 1]);
            }
            vm.assertEq(place, signature.length);
        }
    }

    function test_solana__should_get_64_bytes() public {
        uint256 traceId = direct.askData(SOLANA_WALLET, "solana:localnet", "hello");
        answerRequests();
        vm.assertEq(signatureOf(address(zrSign), traceId).length, 64);
    }

    function test_refused_request__should_never_be_answered_and_be_cancelled_in_time() public {
        uint256 refused = direct.askHash(DIGEST);
        uint256 other = direct.askHash(DIGEST);
        refuse(address(zrSign), refused);
        vm.assertEq(answerRequests(), 1);
        vm.assertEq(uint256(zrSign.getRequest(refused).status), 1);
        vm.assertEq(uint256(zrSign.getRequest(other).status), 2);
        bytes32 context = zrSign.requestContext(address(direct), _hashParams(), 0);
        vm.expectRevert();
        direct.cancelRequest(refused, false, context);
        letRequestsExpire();
        direct.cancelRequest(refused, false, context);
        vm.assertEq(uint256(zrSign.getRequest(refused).status), 3);
        vm.assertEq(answerRequests(), 0);
    }

    function test_answer__should_be_taken_by_the_strictest_contract() public {
        zrSign.configureSafety(SignTypes.Safety(type(uint8).max, 0, 0, 0, 0));
        direct.requestNewEVMWallet(1);
        uint256 traceId = direct.askHash(DIGEST);
        vm.assertEq(answerRequests(), 2);
        vm.assertEq(direct.getEVMWallets().length, 2);
        vm.assertEq(uint256(zrSign.getRequest(traceId).status), 2);
    }

    function test_fee__should_be_the_real_ones() public {
        uint256 before = address(omni).balance;
        omni.askHash(DIGEST);
        vm.assertEq(before - address(omni).balance, ZR_SIGN_FEE);
    }

    function test_chain_of_ones_own__should_be_taken_once_it_is_named() public {
        vm.expectRevert();
        direct.askData(EVM_WALLET, "eip155:424242", "hello");
        supportChain(EVM_WALLET, "eip155:424242");
        direct.askData(EVM_WALLET, "eip155:424242", "hello");
        vm.assertEq(answerRequests(), 1);
    }

    function _wallets(Asker asker) private {
        asker.requestNewEVMWallet(1);
        asker.requestNewBTCWallet(2);
        asker.requestNewSolanaWallet(1);
    }

    function _isSignedBy(Asker owner, bytes32 digest, bytes memory signature) private view {
        vm.assertEq(signature.length, 65);
        if (owner == omni) signature[64] = bytes1(uint8(signature[64]) + 27);
        vm.assertTrue(ECDSA.recover(digest, signature) == evmWallet(address(owner), 0));
    }

    function _hashParams() private pure returns (SignTypes.ZrSignParams memory) {
        return SignTypes.ZrSignParams(EVM_WALLET, 0, keccak256("eip155:1"), abi.encodePacked(DIGEST), false);
    }

    function _regtest() private pure returns (string memory) {
        return "bip122:0f9188f13cb7b2c71f2a335e3a4fc328";
    }
}
