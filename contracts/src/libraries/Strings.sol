// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

// solhint-disable no-unused-import
// Where dApps that were written for the older contracts find OpenZeppelin's library.
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
