// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnect} from "../ZrSignConnect.sol";

/// @title Example: the smallest dApp that pays bitcoin
contract BitcoinPayer is ZrSignConnect {
    bytes32 private constant REGTEST = keccak256("bip122:0f9188f13cb7b2c71f2a335e3a4fc328");

    /// @notice Takes the ether that pays for requests.
    /// @param zrSign The zrSign contract of this chain.
    constructor(address payable zrSign) payable ZrSignConnect(zrSign) {}

    /// @notice Pays from a Bitcoin wallet of this contract. Only for holders of SPENDER_ROLE, the deployer first.
    /// @param walletIndex The wallet: what the event of its request says. The first need not be yours, because anybody
    /// may request wallets for this contract.
    /// @param to Bitcoin address.
    /// @param sats Satoshis.
    /// @param maxFee Wei that the request may cost at most.
    /// @return traceId Number of the request.
    function pay(uint256 walletIndex, string calldata to, uint256 sats, uint256 maxFee)
        external
        payable
        returnsSurplus
        feeAtMost(maxFee)
        returns (uint256 traceId)
    {
        return reqSignForSimpleTx(BTC_WALLET_TYPE, walletIndex, REGTEST, to, sats, "", true);
    }
}
