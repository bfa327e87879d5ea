// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {SignTypes} from "../libraries/SignTypes.sol";

/// @title Key requests as callers of July 2024 make them
/// @notice Every deployment takes this form too. It has an interface of its own, so that `zrKeyReq` names one function
/// in the interface of today, in Solidity and in every client that tells functions by name.
interface IZrSignJuly2024 {
    /// @notice Requests a key for the caller.
    /// @param params Wallet type, options.
    function zrKeyReq(SignTypes.ZrKeyReqCallerParams calldata params) external payable;
}
