"""What this room raises.

ReceiverError
└── Rejection    a request from a contract cannot be served: it is stored as REJECTED
"""

from __future__ import annotations

from enum import StrEnum

from zrchain_lite.modules.policy.keeper import REVOKED
from zrchain_lite.wire.zrchain.policy import policy_pb2 as policy_wire


class Reason(StrEnum):
    """Why a request was rejected: the machine-readable first word of `reject_reason`."""

    # The request itself.
    INVALID_OWNER = "invalid_owner"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_WALLET_TYPE = "unknown_wallet_type"
    INVALID_WALLET_INDEX = "invalid_wallet_index"
    UNKNOWN_WALLET = "unknown_wallet"
    UNKNOWN_DESTINATION = "unknown_destination"
    DESTINATION_MISMATCH = "destination_mismatch"
    BROADCAST_NOT_ALLOWED = "broadcast_not_allowed"
    TRACE_ID_TAKEN = "trace_id_taken"
    TOO_MANY_WAITING = "too_many_waiting"
    INVALID_ACCOUNT = "invalid_account"
    # Its payload.
    PAYLOAD_TOO_LARGE = "payload_too_large"
    EMPTY_PAYLOAD = "empty_payload"
    INVALID_HASH_LENGTH = "invalid_hash_length"
    MALFORMED_TRANSACTION = "malformed_transaction"
    WRONG_NETWORK = "wrong_network"
    FOREIGN_INPUTS = "foreign_inputs"
    FOREIGN_SIGNERS = "foreign_signers"
    MALFORMED_SIMPLE_TX = "malformed_simple_tx"
    INVALID_RECIPIENT = "invalid_recipient"
    INVALID_AMOUNT = "invalid_amount"
    DATA_NOT_SUPPORTED = "data_not_supported"
    # What happened to it on its road.
    NOT_AGREED = "not_agreed"
    COMPOSITION_REJECTED = "composition_rejected"
    COMPOSITION_TIMEOUT = "composition_timeout"
    WORKSPACE_REFUSED = "workspace_refused"
    POLICY_REFUSED = "policy_refused"
    POLICY_REVOKED = "policy_revoked"
    POLICY_TIMEOUT = "policy_timeout"
    KEYRING_FEE_UNPAID = "keyring_fee_unpaid"
    KEYRING_FEE_TOO_HIGH = "keyring_fee_too_high"
    LEDGER_REFUSED = "ledger_refused"
    KEY_REJECTED = "key_rejected"
    SIGNATURE_REJECTED = "signature_rejected"
    AUTHORITY_FAILED = "authority_failed"
    DELIVERY_FAILED = "delivery_failed"


class ReceiverError(Exception):
    """Root of this room's own errors. What a signer did wrong is a `LedgerError` instead."""


class Rejection(ReceiverError):
    """Its text, `<reason>: <explanation>`, is what the request keeps as `reject_reason`."""

    def __init__(self, reason: Reason, explanation: str):
        super().__init__(f"{reason}: {explanation}")
        self.reason = reason


def unapproved(action: policy_wire.Action) -> Rejection:
    """Why a request ends with its action."""
    if action.status == REVOKED:
        return Rejection(Reason.POLICY_REVOKED, f"{action.creator} revoked action {action.id}")
    why = f"action {action.id} was not approved by height {action.btl}"
    return Rejection(Reason.POLICY_TIMEOUT, why)
