"""Sources in the shapes of those that were written for the older contracts compile as they are."""

from __future__ import annotations

from typing import Any

import pytest
import solcx

from scripts import compile_contracts

HEAD = "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.0;\n"

DAPP = """
import "./zr/zrSignConnect.sol";

contract Notary is ZrSignConnect {
    using Strings for uint256;

    event Asked(uint256 indexed at, bytes32 digest);

    constructor(address payable zrSign) ZrSignConnect(zrSign) {}

    function notarise(string memory text, uint256 index, bytes32 chain) public payable {
        string memory length = bytes(text).length.toString();
        bytes memory message = abi.encodePacked("\\x19Ethereum Signed Message:\\n", length, text);
        bytes32 digest = keccak256(message);
        reqSignForHash(EVM_WALLET_TYPE, index, chain, digest);
        emit Asked(block.number, digest);
    }

    function pay(address to, uint256 value, uint256 nonce, uint256 index, bytes32 chain) public {
        bytes memory payload =
            rlpEncodeTransaction(nonce, 1 gwei, 21_000, to, value, rlpEncodeData(""));
        reqSignForTx(EVM_WALLET_TYPE, index, chain, payload, true);
    }

    function payBitcoin(string memory to, uint256 value, uint256 index, bytes32 chain) external {
        reqSignForSimpleTx(BTC_WALLET_TYPE, index, chain, to, value, "", true);
    }

    function whose(uint256 index) external view returns (string memory, string memory) {
        return (getEVMWallet(index), toHexString(address(this)));
    }

    function has(uint256 traceId) external view returns (bool) {
        SignTypes.ReqRegistry memory state = ISign(ZR_SIGN_ADDRESS).getRequestState(traceId);
        return state.status == SIG_REQ_ALREADY_PROCESSED || state.status == SIG_REQ_IN_PROGRESS;
    }

    function monitors(uint256 index) external view returns (bool) {
        SignTypes.WalletRegistry memory wallet =
            ISign(ZR_SIGN_ADDRESS).getWalletRegistry(EVM_WALLET_TYPE, index, address(this));
        return wallet.status == WALLET_REGISTERED && wallet.options >= OPTIONS_MONITORING;
    }
}
"""

CALLER = """
import "./interfaces/ISign.sol";
import {Strings as Text} from "./libraries/Strings.sol";

contract Caller {
    address payable public immutable zrSign;

    constructor(address payable at) {
        zrSign = at;
    }

    function ask(bytes32 kind, address owner) external payable {
        SignTypes.ZrKeyReqParams memory params = SignTypes.ZrKeyReqParams(owner, kind, 1);
        (,, uint256 total) = ISign(zrSign).estimateFee(1, 0);
        ISign(zrSign).zrKeyReq{value: total}(params);
    }

    function encoded(bytes32 kind, address owner) external pure returns (bytes memory) {
        return abi.encodeCall(ISign.zrKeyReq, (SignTypes.ZrKeyReqParams(owner, kind, 1)));
    }

    function names() external pure returns (bytes4, bytes4, bytes4, bytes32) {
        return (
            ISign.zrKeyReq.selector,
            ISign.zrSignRes.selector,
            ISign.InvalidSignature.selector,
            ISign.ZrSigRequest.selector
        );
    }

    function whichVersion() external view returns (string memory, uint256) {
        return (Text.toHexString(zrSign), ISign(zrSign).version());
    }

    function named(uint8 code) external pure {
        revert ISign.InvalidSignature({code: code});
    }
}
"""

KEEPER = """
import {ISign} from "./interfaces/ISign.sol";
import {IZrSign} from "./interfaces/IZrSign.sol";
import {ZrProxy} from "./ZrProxy.sol";

contract Keeper {
    function raise(address payable at, uint256 buffer) external {
        IZrSign(at).updateRespGasBuffer({newRespGasPriceBuffer: buffer});
        require(ISign(at).hasRole(0x00, msg.sender), "not the administrator");
    }

    function made(address logic, address admin) external returns (ZrProxy proxy) {
        proxy = new ZrProxy(logic, admin, "");
    }
}
"""


@pytest.mark.parametrize(
    ("name", "source"), [("Notary", DAPP), ("Caller", CALLER), ("Keeper", KEEPER)]
)
def test_older_source__should_compile_as_it_is(name: str, source: str) -> None:
    compile_contracts.fetch_packages()
    unit = f"{name}.sol"
    output: dict[str, Any] = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": compile_contracts.read_sources({unit: HEAD + source}),
            "settings": {
                **compile_contracts.SETTINGS,
                "outputSelection": {unit: {"*": ["evm.bytecode.object"]}},
            },
        },
        solc_binary=compile_contracts.resolve_solc(),
    )
    assert output["contracts"][unit][name]["evm"]["bytecode"]["object"]
