// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Example target: an exchange with one rate
/// @notice Sells its token for the chain's coin, as a router of a DEX aggregator would: at least so much, to a
/// recipient, before a deadline. For tests and demonstrations; the token is worth nothing.
contract ExampleExchange is ERC20 {
    /// @notice Tokens for one unit of the coin.
    uint256 public constant RATE = 3;

    /// @notice The rate gives less than was wanted.
    error TooLittle(uint256 wanted, uint256 got);
    /// @notice The order came too late.
    error Expired(uint256 deadline);

    /// @notice Names the token.
    constructor() ERC20("Example", "EXM") {}

    /// @notice Buys tokens with the value of the call.
    /// @param minimum Least number of tokens.
    /// @param recipient Who gets them.
    /// @param deadline Time after which it reverts.
    /// @return bought Tokens.
    function swap(uint256 minimum, address recipient, uint256 deadline) external payable returns (uint256 bought) {
        if (block.timestamp > deadline) revert Expired(deadline);
        bought = msg.value * RATE;
        if (bought < minimum) revert TooLittle(minimum, bought);
        _mint(recipient, bought);
    }
}
