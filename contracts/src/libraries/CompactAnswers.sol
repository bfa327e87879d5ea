// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

/// @notice A signature of 65 bytes in two words: r, and s with v in its highest bit (EIP-2098).
struct CompactAnswer {
    bytes32 r;
    bytes32 vs;
}

using CompactAnswers for CompactAnswer global;

/// @title Stored signatures
library CompactAnswers {
    uint256 private constant LENGTH = 65;
    uint256 private constant HIGHEST = 1 << 255;

    /// @dev Keeps a signature that two words say whole, with v 0 or 1; no other one, and then gives false.
    function keep(CompactAnswer storage answer, bytes calldata signature) internal returns (bool kept) {
        if (signature.length != LENGTH) return false;
        bytes32 r = bytes32(signature);
        uint256 s = uint256(bytes32(signature[32:]));
        uint256 v = uint8(signature[LENGTH - 1]);
        if (r == 0 || s >= HIGHEST || v > 1) return false;
        answer.r = r;
        answer.vs = bytes32(s | v << 255);
        return true;
    }

    /// @dev The signature that was kept, else `other`.
    function read(CompactAnswer storage answer, bytes storage other) internal view returns (bytes memory) {
        bytes32 r = answer.r;
        if (r == 0) return other;
        uint256 vs = uint256(answer.vs);
        return abi.encodePacked(r, vs & ~HIGHEST, uint8(vs >> 255));
    }
}
