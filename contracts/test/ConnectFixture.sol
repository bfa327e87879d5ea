// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IZrSignConfig} from "../src/interfaces/IZrSignConfig.sol";
import {SignTypes} from "../src/libraries/SignTypes.sol";
import {Fixture} from "./Fixture.sol";

interface Clock {
    function warp(uint256 timestamp) external;
    function etch(address target, bytes calldata code) external;
    function expectRevert() external;
}

/// @title What dApps stand on: Direct and Omni with EVM, Bitcoin and Solana wallets
abstract contract ConnectFixture is Fixture {
    Clock internal constant clock = Clock(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant NO_CEILING = type(uint256).max;
    bytes32 internal constant BTC = 0xe03615811ae25b894de73e643038c13c37f602dc1e17ff1a02e5854893f3bd5e;
    bytes32 internal constant SOLANA = 0x8a375db0ff9a56957d99a4bad57c805d2a14a800f306caceab7a289e5571d0ef;
    bytes32 internal constant REGTEST = keccak256("bip122:0f9188f13cb7b2c71f2a335e3a4fc328");
    string internal constant BTC_WALLET = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

    function setUp() public virtual override {
        super.setUp();
        _support(direct);
        _support(omni);
    }

    /// @dev Answers the open key request of `owner`.
    function answerKey(bytes32 walletTypeId, address owner, string memory wallet) internal {
        uint256 index = direct.getZrKeys(walletTypeId, owner).length;
        bytes memory payload = abi.encode(keccak256("eip155:31337"), walletTypeId, owner, index, wallet, uint8(1));
        SignTypes.ZrKeyResParams memory answer =
            SignTypes.ZrKeyResParams(walletTypeId, owner, index, wallet, 1, signAuthority(MPC_KEY, payload));
        vm.prank(RELAYER);
        direct.zrKeyRes{gas: RESP_GAS}(answer);
    }

    /// @dev Ether of an account, and nothing else.
    function balance(address account) internal view returns (uint256) {
        return account.balance;
    }

    function _support(IZrSignConfig sign) private {
        sign.walletTypeIdConfig(44, 1, true);
        sign.chainIdConfig(BTC, "bip122:0f9188f13cb7b2c71f2a335e3a4fc328", true);
        sign.walletTypeIdConfig(44, 501, true);
        sign.chainIdConfig(SOLANA, "solana:localnet", true);
        sign.chainIdConfig(EVM, "eip155:31338", true);
    }
}
