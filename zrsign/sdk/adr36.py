"""Signatures over text or bytes that are no transaction, as Cosmos wallets make them.

Keplr's `signArbitrary` and a Ledger device sign an amino document that no chain executes: no chain
id, no fee, and one message `sign/MsgSignData`. Source: Cosmos SDK ADR-036.
"""

from __future__ import annotations

import base64

from zrchain_lite import amino
from zrchain_lite.errors import TxRejected
from zrchain_lite.tx import verify_signature
from zrsign_chains import cosmos
from zrsign_chains.errors import BadSignature


def sign_bytes(signer: str, data: bytes) -> bytes:
    """What the account `signer` (bech32) hashes with SHA-256 and signs for `data`."""
    value = {"data": base64.b64encode(data).decode(), "signer": signer}
    document = {
        "account_number": "0",
        "chain_id": "",
        "fee": {"amount": [], "gas": "0"},
        "memo": "",
        "msgs": [{"type": "sign/MsgSignData", "value": value}],
        "sequence": "0",
    }
    return amino.dump(document)


def verify(signer: str, data: bytes, public_key: bytes, signature: bytes) -> None:
    """Raises ChainError unless the account `signer` of any Cosmos chain signed `data`.

    `public_key` are 33 bytes of secp256k1, `signature` 64 bytes r || s with a low s.
    """
    prefix, _ = cosmos.decode(signer)
    if cosmos.account_address(public_key, prefix) != signer:
        raise BadSignature(f"the public key does not belong to {signer}")
    try:
        verify_signature(public_key, sign_bytes(signer, data), signature)
    except TxRejected as error:
        raise BadSignature(str(error)) from None
