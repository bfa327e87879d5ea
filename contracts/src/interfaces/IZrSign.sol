// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ISign} from "./ISign.sol";
import {IZrSignConfig} from "./IZrSignConfig.sol";

/// @title Direct
/// @notice The whole interface of a deployment that gets its answers on chain.
interface IZrSign is ISign, IZrSignConfig {
    /// @notice Sets the gas that an answer may use. Only FEE_ROLE.
    /// @param newRespGas Gas.
    function updateRespGas(uint256 newRespGas) external;

    /// @notice Sets the margin on the base fee. Only FEE_ROLE.
    /// @param newRespGasPriceBuffer Percent; 120 adds 20 %.
    function updateRespGasBuffer(uint256 newRespGasPriceBuffer) external;
}
