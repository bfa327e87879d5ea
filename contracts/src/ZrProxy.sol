// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.34;

import {IERC1967} from "@openzeppelin/contracts/interfaces/IERC1967.sol";
import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {StorageSlot} from "@openzeppelin/contracts/utils/StorageSlot.sol";

/// @title Proxy
/// @notice EIP-1967 proxy whose functions are its administrator's alone; whatever else is called, and whoever else calls,
/// speaks to the implementation.
/// @dev A selector of these functions that comes from anybody else goes to the implementation. Who the administrator is
/// is read for these selectors only, so that no other call pays for it.
contract ZrProxy is Proxy, IERC1967 {
    /// @dev keccak256(abi.encode(uint256(keccak256("zrsign.storage.proxy")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant PENDING_ADMIN_SLOT = 0x864fe03d5002e0d6897a94833affd228befd5cbf65587923d4481f273cf10400;

    /// @notice The administrator offered the proxy to an account, or withdrew the offer (zero).
    event AdminChangeProposed(address indexed pendingAdmin);

    /// @dev Runs the function for the administrator; for everybody else the implementation runs, and never comes back.
    modifier ifAdmin() {
        _delegateUnlessAdmin();
        _;
    }

    /// @notice Points the proxy to an implementation and initialises it.
    /// @param _logic Implementation, a contract.
    /// @param admin_ Administrator, not zero.
    /// @param _data Call data of the initialiser, run as the deployer; empty for none.
    constructor(address _logic, address admin_, bytes memory _data) payable {
        _setImplementation(_logic);
        if (_data.length > 0) Address.functionDelegateCall(_logic, _data);
        _setAdmin(admin_);
    }

    /// @notice Ether without call data is for the implementation, as in any other call.
    receive() external payable {
        _fallback();
    }

    /// @notice The administrator. Only for the administrator.
    /// @return admin_ Its address.
    function admin() external ifAdmin returns (address admin_) {
        admin_ = ERC1967Utils.getAdmin();
    }

    /// @notice The implementation. Only for the administrator.
    /// @return implementation_ Its address.
    function implementation() external ifAdmin returns (address implementation_) {
        implementation_ = _implementation();
    }

    /// @notice Offers the proxy to an account, which must accept. Only for the administrator.
    /// @param pendingAdmin Next administrator; zero withdraws an offer.
    function proposeAdmin(address pendingAdmin) external ifAdmin {
        StorageSlot.getAddressSlot(PENDING_ADMIN_SLOT).value = pendingAdmin;
        emit AdminChangeProposed(pendingAdmin);
    }

    /// @notice Takes the proxy over. Only for the account that it was offered to.
    function acceptAdmin() external {
        if (msg.sender == StorageSlot.getAddressSlot(PENDING_ADMIN_SLOT).value) {
            _setAdmin(msg.sender);
        } else {
            _fallback();
        }
    }

    /// @notice Hands the proxy over at once. Only for the administrator; `proposeAdmin` cannot lose the proxy to a
    /// mistyped address, this can.
    /// @param newAdmin Next administrator, not zero.
    function changeAdmin(address newAdmin) external ifAdmin {
        _setAdmin(newAdmin);
    }

    /// @notice Changes the implementation. Only for the administrator.
    /// @param newImplementation A contract.
    function upgradeTo(address newImplementation) external ifAdmin {
        _setImplementation(newImplementation);
    }

    /// @notice Changes the implementation and calls it. Only for the administrator.
    /// @param newImplementation A contract.
    /// @param data Call data, run even when it is empty.
    function upgradeToAndCall(address newImplementation, bytes calldata data) external payable ifAdmin {
        _setImplementation(newImplementation);
        Address.functionDelegateCall(newImplementation, data);
    }

    function _implementation() internal view override returns (address) {
        return ERC1967Utils.getImplementation();
    }

    function _delegateUnlessAdmin() private {
        if (msg.sender != ERC1967Utils.getAdmin()) _delegate(_implementation());
    }

    function _setImplementation(address newImplementation) private {
        require(newImplementation.code.length > 0, "ERC1967: new implementation is not a contract");
        StorageSlot.getAddressSlot(ERC1967Utils.IMPLEMENTATION_SLOT).value = newImplementation;
        emit Upgraded(newImplementation);
    }

    function _setAdmin(address newAdmin) private {
        require(newAdmin != address(0), "ERC1967: new admin is the zero address");
        emit AdminChanged(ERC1967Utils.getAdmin(), newAdmin);
        StorageSlot.getAddressSlot(ERC1967Utils.ADMIN_SLOT).value = newAdmin;
        delete StorageSlot.getAddressSlot(PENDING_ADMIN_SLOT).value;
    }
}
