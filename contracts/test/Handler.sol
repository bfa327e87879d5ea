// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrProxy} from "../src/ZrProxy.sol";
import {ZrSign} from "../src/ZrSign.sol";
import {ISign} from "../src/interfaces/ISign.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

/// @dev Takes no ether and signs nothing by itself.
contract Rejecting {}

/// @dev Calls back into the contract with what it is paid.
contract Reentering {
    ZrSign private immutable SIGN;

    constructor(ZrSign sign) {
        SIGN = sign;
    }

    receive() external payable {
        try SIGN.claimRefund(payable(address(this))) {} catch {}
        try SIGN.cancelKeyRequest(SIGN.SRC_WALLET_TYPE_ID(), address(this), 0) {} catch {}
        require(gasleft() > 1_000, "no gas");
    }
}

/// @dev Everything that moves ether or state, called in any order with any values; remembers what it saw.
contract Handler is Fixture {
    struct Asked {
        address owner;
        bytes32 context;
        uint8 ends;
    }

    uint256 public constant OWNERS = 4;

    address[OWNERS] public owners;
    Asked[] public asked;
    bytes32[] public names;
    mapping(bytes32 name => uint256) public uses;
    uint256 public wealth;
    bool public pauseLeaked;
    bool public refundTrapped;
    bool public upgradeLost;

    constructor() {
        setUp();
        owners = [address(0x1001), address(0x1002), address(new Rejecting()), address(new Reentering(direct))];
        for (uint256 i = 0; i < OWNERS; i++) {
            vm.deal(owners[i], 1_000_000 ether);
        }
        vm.deal(address(this), 1_000_000 ether);
        wealth = total();
    }

    /// @dev Once: forge may call it again.
    function setUp() public override {
        if (address(direct) == address(0)) super.setUp();
    }

    function requestKey(uint8 who, uint8 options, uint64 surplus) external {
        options = options % 2 + 1;
        uint256 value = directFee(options) + surplus;
        bytes memory call = abi.encodeWithSelector(0x60a48995, SignTypes.ZrKeyReqParams(owners[who % 4], EVM, options));
        bool paused = direct.paused();
        (bool done,) = address(direct).call{value: value}(call);
        if (done == paused) pauseLeaked = true;
    }

    function answerKey(uint8 who, uint40 gasPrice, bool typed) external {
        address owner = owners[who % 4];
        uint256 index = direct.getZrKeys(EVM, owner).length;
        SignTypes.WalletRegistry memory wallet = direct.getWalletRegistry(EVM, index, owner);
        if (wallet.status != 1 || direct.paused()) return;
        string memory name = string(abi.encodePacked("wallet", names.length));
        vm.txGasPrice(gasPrice);
        SignTypes.ZrKeyResParams memory answer =
            typed ? typedKeyAnswer(owner, index, name, wallet.options) : keyAnswer(owner, index, name);
        vm.prank(RELAYER);
        direct.zrKeyRes{gas: RESP_GAS}(answer);
        names.push(keccak256(bytes(name)));
    }

    function requestSignature(uint8 who, uint8 index, uint64 surplus, uint8 delivery) external {
        address owner = owners[who % 4];
        uint256 count = direct.getZrKeys(EVM, owner).length;
        if (count == 0) return;
        uint256 wallet = index % count;
        vm.prank(owner);
        direct.setAnswerDelivery(EVM, wallet, delivery % 4);
        (,, uint256 fee) = direct.estimateFee(EVM, owner, wallet, 0);
        SignTypes.ZrSignParams memory params = signParams(wallet, abi.encode(asked.length), false);
        bool paused = direct.paused();
        vm.prank(owner);
        (bool done,) = address(direct).call{value: fee + surplus}(abi.encodeCall(direct.zrSignHash, (params)));
        if (done == paused) pauseLeaked = true;
        if (done) asked.push(Asked(owner, direct.requestContext(owner, params, 0), 0));
    }

    function answerSignature(uint16 number, uint40 gasPrice, bool typed) external {
        if (asked.length == 0) return;
        uint256 traceId = number % asked.length;
        Asked storage request = asked[traceId];
        SignTypes.SignResParams memory answer = typed
            ? typedSignAnswer(traceId, request.owner, false, request.context)
            : signAnswer(traceId, request.owner);
        vm.txGasPrice(gasPrice);
        vm.prank(RELAYER);
        try direct.zrSignRes{gas: 2 * RESP_GAS}(answer) {
            request.ends++;
        } catch {}
    }

    function cancelSignature(uint16 number, uint24 later) external {
        if (asked.length == 0) return;
        uint256 traceId = number % asked.length;
        Asked storage request = asked[traceId];
        vm.warp(block.timestamp + later);
        SignTypes.RequestInfo memory info = direct.getRequest(traceId);
        bool due = info.status == 1 && block.timestamp >= info.requestedAt + 1 days;
        vm.prank(request.owner);
        try direct.cancelRequest(traceId, false, request.context) {
            request.ends++;
        } catch {
            if (due) refundTrapped = true;
        }
    }

    function cancelKey(uint8 who, uint24 later) external {
        address owner = owners[who % 4];
        vm.warp(block.timestamp + later);
        uint256 index = direct.getZrKeys(EVM, owner).length;
        vm.prank(owner);
        try direct.cancelKeyRequest(EVM, owner, index) {} catch {}
    }

    function claim(uint8 who) external {
        address owner = owners[who % 4];
        vm.prank(owner);
        try direct.claimRefund(payable(owners[0])) {}
        catch {
            refundTrapped = true;
        }
    }

    function withdraw() external {
        direct.withdrawMPCFees();
    }

    function togglePause() external {
        if (direct.paused()) direct.unpause();
        else direct.pause();
    }

    function setStrictness(uint8 strictness) external {
        // Typed answers and addresses would refuse what this handler answers with.
        demand(direct, strictness & ~uint8(8 | 16));
    }

    function upgrade() external {
        bytes32 before = digest();
        ZrSign next = new ZrSign();
        vm.prank(PROXY_ADMIN);
        ZrProxy(payable(address(direct))).upgradeTo(address(next));
        if (digest() != before) upgradeLost = true;
    }

    /// @dev Fees, what open requests hold, and credits.
    function owed() external view returns (uint256 sum) {
        sum = direct.getColletedFees() + direct.refundCredit(RELAYER);
        for (uint256 i = 0; i < OWNERS; i++) {
            uint256 index = direct.getZrKeys(EVM, owners[i]).length;
            sum += direct.getWalletRegistry(EVM, index, owners[i]).value + direct.refundCredit(owners[i]);
        }
        for (uint256 traceId = 0; traceId < asked.length; traceId++) {
            SignTypes.ReqRegistry memory request = direct.getRequestState(traceId);
            if (request.status == 1) sum += request.value;
        }
    }

    /// @dev All ether that this world has.
    function total() public view returns (uint256 sum) {
        sum = address(direct).balance + address(this).balance + RELAYER.balance;
        for (uint256 i = 0; i < OWNERS; i++) {
            sum += owners[i].balance;
        }
    }

    function balance() external view returns (uint256) {
        return address(direct).balance;
    }

    function askedCount() external view returns (uint256) {
        return asked.length;
    }

    function nameCount() external view returns (uint256) {
        return names.length;
    }

    function sign() external view returns (ZrSign) {
        return direct;
    }

    /// @dev Everything that an upgrade must keep.
    function digest() public view returns (bytes32 hash) {
        hash = keccak256(abi.encode(direct.getSafety(), direct.getTraceId(), direct.getColletedFees(), direct.paused()));
        hash = keccak256(abi.encode(hash, direct.getMPCFee(), direct.getRespGas(), direct.getRespGasPriceBuffer()));
        for (uint256 i = 0; i < OWNERS; i++) {
            hash = keccak256(abi.encode(hash, direct.getZrKeys(EVM, owners[i]), direct.refundCredit(owners[i])));
        }
        for (uint256 traceId = 0; traceId < asked.length; traceId++) {
            hash = keccak256(abi.encode(hash, direct.getRequest(traceId), direct.getAnswer(traceId)));
        }
    }
}
