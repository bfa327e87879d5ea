// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @notice What every call reads and every request writes, in one storage slot. From the lowest bit: paused 8,
/// strictness 8, respGas 24, respGasPriceBuffer 16, next trace id 40, mpcFee 72, collected fees 88.
type Terms is uint256;

using TermsFields for Terms global;

/// @title Fields of the terms
/// @dev Setters take values that fit; callers at the door check them against the limits below. 2^40 trace ids and
/// 3 * 10^26 wei of collected fees are beyond what a chain can hold.
library TermsFields {
    uint256 internal constant MAX_RESP_GAS = type(uint24).max;
    uint256 internal constant MAX_BUFFER = type(uint16).max;
    uint256 internal constant MAX_MPC_FEE = type(uint72).max;
    uint256 internal constant MAX_TRACE_ID = type(uint40).max;

    uint256 private constant STRICTNESS = 8;
    uint256 private constant RESP_GAS = 16;
    uint256 private constant BUFFER = 40;
    uint256 private constant TRACE_ID = 56;
    uint256 private constant MPC_FEE = 96;
    uint256 private constant COLLECTED = 168;

    function paused(Terms terms) internal pure returns (bool) {
        return uint8(Terms.unwrap(terms)) != 0;
    }

    function strictness(Terms terms) internal pure returns (uint8) {
        return uint8(Terms.unwrap(terms) >> STRICTNESS);
    }

    /// @dev Whether a flag of `Strictness` is set.
    function demands(Terms terms, uint8 flag) internal pure returns (bool) {
        return Terms.unwrap(terms) & (uint256(flag) << STRICTNESS) != 0;
    }

    function respGas(Terms terms) internal pure returns (uint256) {
        return uint24(Terms.unwrap(terms) >> RESP_GAS);
    }

    function buffer(Terms terms) internal pure returns (uint256) {
        return uint16(Terms.unwrap(terms) >> BUFFER);
    }

    function traceId(Terms terms) internal pure returns (uint256) {
        return uint40(Terms.unwrap(terms) >> TRACE_ID);
    }

    function mpcFee(Terms terms) internal pure returns (uint256) {
        return uint72(Terms.unwrap(terms) >> MPC_FEE);
    }

    function collected(Terms terms) internal pure returns (uint256) {
        return Terms.unwrap(terms) >> COLLECTED;
    }

    function setPaused(Terms terms, bool value) internal pure returns (Terms) {
        return _set(terms, 0, type(uint8).max, value ? 1 : 0);
    }

    function setStrictness(Terms terms, uint8 value) internal pure returns (Terms) {
        return _set(terms, STRICTNESS, type(uint8).max, value);
    }

    function setRespGas(Terms terms, uint256 value) internal pure returns (Terms) {
        return _set(terms, RESP_GAS, MAX_RESP_GAS, value);
    }

    function setBuffer(Terms terms, uint256 value) internal pure returns (Terms) {
        return _set(terms, BUFFER, MAX_BUFFER, value);
    }

    function setMpcFee(Terms terms, uint256 value) internal pure returns (Terms) {
        return _set(terms, MPC_FEE, MAX_MPC_FEE, value);
    }

    function clearCollected(Terms terms) internal pure returns (Terms) {
        return _set(terms, COLLECTED, type(uint88).max, 0);
    }

    /// @dev Books a fee; `amount` is of at most 80 bits. Panics when the field is full.
    function collect(Terms terms, uint256 amount) internal pure returns (Terms) {
        return Terms.wrap(Terms.unwrap(terms) + (amount << COLLECTED));
    }

    function startTraceIds(Terms terms, uint256 value) internal pure returns (Terms) {
        return _set(terms, TRACE_ID, MAX_TRACE_ID, value);
    }

    function nextTraceId(Terms terms) internal pure returns (Terms) {
        return Terms.wrap(Terms.unwrap(terms) + (1 << TRACE_ID));
    }

    function _set(Terms terms, uint256 offset, uint256 mask, uint256 value) private pure returns (Terms) {
        return Terms.wrap((Terms.unwrap(terms) & ~(mask << offset)) | (value << offset));
    }
}
