// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ZrProxy} from "../src/ZrProxy.sol";
import {ZrSign} from "../src/ZrSign.sol";
import {ZrSignBase} from "../src/ZrSignBase.sol";
import {ZrSignOmni} from "../src/ZrSignOmni.sol";
import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Vm} from "./Vm.sol";

/// @title A deployed and configured Direct and Omni
/// @dev The test contract is deployer, administrator, fee holder and pauser.
abstract contract Fixture {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant MPC_FEE = 5e14;
    uint256 internal constant RESP_GAS = 400_000;
    uint256 internal constant BUFFER = 120;
    uint256 internal constant BASE_FEE = 10 gwei;
    uint256 internal constant MPC_KEY = 0xA11CE;
    string internal constant CAIP = "eip155:31337";

    address internal immutable MPC = vm.addr(MPC_KEY);
    address internal constant PROXY_ADMIN = address(0xAD);
    address internal constant USER = address(0xBEEF);
    address internal constant RELAYER = address(0xCAFE);
    bytes32 internal constant EVM = 0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a;
    bytes32 internal constant CHAIN = keccak256("eip155:31337");

    ZrSign internal direct;
    ZrSignOmni internal omni;

    receive() external payable {}

    function setUp() public virtual {
        vm.chainId(31337);
        vm.fee(BASE_FEE);
        vm.txGasPrice(BASE_FEE);
        vm.deal(USER, 100 ether);
        direct = ZrSign(payable(deployProxy(address(new ZrSign()))));
        omni = ZrSignOmni(payable(deployProxy(address(new ZrSignOmni()))));
        configure(direct);
        configure(omni);
        direct.updateRespGas(RESP_GAS);
        direct.updateRespGasBuffer(BUFFER);
    }

    function deployProxy(address implementation) internal returns (address) {
        return address(new ZrProxy(implementation, PROXY_ADMIN, abi.encodeCall(IZrSignConfig.initializeV1, ())));
    }

    function configure(ZrSignBase sign) internal {
        sign.grantRole(sign.MPC_ROLE(), MPC);
        sign.grantRole(sign.FEE_ROLE(), address(this));
        sign.grantRole(sign.PAUSER_ROLE(), address(this));
        sign.walletTypeIdConfig(44, 60, true);
        sign.chainIdConfig(EVM, CAIP, true);
        sign.updateMPCFee(MPC_FEE);
    }

    /// @dev Sets the strictness and nothing else.
    function demand(ZrSignBase sign, uint8 strictness) internal {
        sign.configureSafety(SignTypes.Safety(strictness, 0, 0, 0, 0));
    }

    function netResp() internal pure returns (uint256) {
        return RESP_GAS * ((BASE_FEE * BUFFER) / 100);
    }

    function directFee(uint8 options) internal pure returns (uint256) {
        return MPC_FEE * options + netResp();
    }

    function signAuthority(uint256 key, bytes memory payload) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, MessageHashUtils.toEthSignedMessageHash(keccak256(payload)));
        return abi.encodePacked(r, s, v);
    }

    function keyAnswer(address owner, uint256 index, string memory wallet)
        internal
        pure
        returns (SignTypes.ZrKeyResParams memory)
    {
        bytes memory payload = abi.encode(keccak256("eip155:31337"), EVM, owner, index, wallet, uint8(1));
        return SignTypes.ZrKeyResParams(EVM, owner, index, wallet, 1, signAuthority(MPC_KEY, payload));
    }

    function signAnswer(uint256 traceId, address owner) internal pure returns (SignTypes.SignResParams memory) {
        bytes memory payload = abi.encode(keccak256("eip155:31337"), traceId, owner, bytes("m"), bytes("s"), false);
        return SignTypes.SignResParams(traceId, owner, "m", "s", false, signAuthority(MPC_KEY, payload));
    }

    /// @dev r, s, v of an EIP-712 message to `sign`, with the context appended.
    function signTyped(uint256 key, address sign, bytes32 structHash, bytes32 context)
        internal
        view
        returns (bytes memory)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("zrSign"),
                keccak256("1"),
                block.chainid,
                sign
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, s, v, context);
    }

    function typedKeyAnswer(address owner, uint256 index, string memory wallet, uint8 options)
        internal
        view
        returns (SignTypes.ZrKeyResParams memory answer)
    {
        bytes32 context = keccak256(abi.encode(block.chainid, address(direct), EVM, owner, index));
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "ZrKeyResponse(bytes32 walletTypeId,address owner,uint256 walletIndex,string wallet,uint8 options,bytes32 context)"
                ),
                EVM,
                owner,
                index,
                keccak256(bytes(wallet)),
                options,
                context
            )
        );
        bytes memory signature = signTyped(MPC_KEY, address(direct), structHash, context);
        return SignTypes.ZrKeyResParams(EVM, owner, index, wallet, options, signature);
    }

    function typedSignAnswer(uint256 traceId, address owner, bool broadcast, bytes32 context)
        internal
        view
        returns (SignTypes.SignResParams memory)
    {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "ZrSignResponse(uint256 traceId,address owner,bytes metaData,bytes signature,bool broadcast,bytes32 context)"
                ),
                traceId,
                owner,
                keccak256("m"),
                keccak256("s"),
                broadcast,
                context
            )
        );
        bytes memory signature = signTyped(MPC_KEY, address(direct), structHash, context);
        return SignTypes.SignResParams(traceId, owner, "m", "s", broadcast, signature);
    }

    /// @dev A hash request of wallet 0 of `owner`, paid with `surplus` too much; gives trace id and context.
    function requestHash(address owner, bytes memory payload, uint256 surplus)
        internal
        returns (uint256 traceId, bytes32 context)
    {
        traceId = direct.getTraceId();
        (,, uint256 fee) = direct.estimateFee(EVM, owner, 0, 0);
        vm.deal(owner, owner.balance + fee + surplus);
        vm.prank(owner);
        direct.zrSignHash{value: fee + surplus}(signParams(0, payload, false));
        context = direct.requestContext(owner, signParams(0, payload, false), 0);
    }

    function signParams(uint256 index, bytes memory payload, bool broadcast)
        internal
        pure
        returns (SignTypes.ZrSignParams memory)
    {
        return SignTypes.ZrSignParams(EVM, index, CHAIN, payload, broadcast);
    }

    /// @dev A Direct wallet of `owner`, requested and registered; gives its index.
    function registerWallet(address owner, uint8 options) internal virtual returns (uint256 index) {
        index = direct.getZrKeys(EVM, owner).length;
        direct.zrKeyReq{value: directFee(options)}(SignTypes.ZrKeyReqParams(owner, EVM, options));
        SignTypes.ZrKeyResParams memory answer = keyAnswer(owner, index, "0x000000000000000000000000000000000000dEaD");
        vm.prank(RELAYER);
        direct.zrKeyRes{gas: RESP_GAS}(answer);
    }
}
