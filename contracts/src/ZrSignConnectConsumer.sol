// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {ZrSignConnectBase} from "./ZrSignConnectBase.sol";
import {ISign} from "./interfaces/ISign.sol";
import {IZrSignConsumer} from "./interfaces/IZrSignConsumer.sol";

/// @title A dApp that is told of its answers (Direct only)
/// @dev Turn it on for a wallet with `deliverAnswers`. What `_onAnswer` does has 100 000 gas; when it fails, the answer
/// stands and is read with `getAnswer` or from the event.
abstract contract ZrSignConnectConsumer is ZrSignConnectBase, IZrSignConsumer {
    /// @notice Only the zrSign contract brings answers.
    error NotZrSign(address caller);

    /// @inheritdoc IZrSignConsumer
    function onZrSignResponse(uint256 traceId, bytes calldata metaData, bytes calldata signature) external {
        if (msg.sender != ZR_SIGN_ADDRESS) revert NotZrSign(msg.sender);
        _onAnswer(traceId, metaData, signature);
    }

    /// @dev How answers to requests of a wallet come from now on: 1 also stored, 2 also by `_onAnswer`, 3 both, 0
    /// neither.
    function deliverAnswers(bytes32 walletTypeId, uint256 walletIndex, uint8 delivery) internal virtual {
        ISign(ZR_SIGN_ADDRESS).setAnswerDelivery(walletTypeId, walletIndex, delivery);
    }

    /// @dev An answer came.
    function _onAnswer(uint256 traceId, bytes calldata metaData, bytes calldata signature) internal virtual;
}
