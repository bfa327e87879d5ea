// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

// solhint-disable no-unused-import
// Where dApps that were written for the older contracts find the base, and what came with it.
import {ZrSignConnect} from "../ZrSignConnect.sol";
import {ISign} from "../interfaces/ISign.sol";
import {SignTypes} from "../libraries/SignTypes.sol";
import {Strings} from "../libraries/Strings.sol";
