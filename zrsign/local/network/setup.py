"""What the authority does on a new ledger: register the keyring, get the key that answers for
Direct contracts, and
register the contracts. All of it is ordinary transactions, as on any network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as receiver
from zrsign.deployment.state import Web3, takes_typed_answers
from zrsign.errors import NetworkError
from zrsign.local.network.manifest import ContractEntry
from zrsign_chains import evm

POLL_S = 0.1
MODES = {"direct": receiver.MODE_DIRECT, "omni": receiver.MODE_OMNI}


@dataclass(frozen=True)
class AuthorityKey:
    """The ledger key that holds MPC_ROLE of the Direct contract."""

    key_id: int
    evm_address: str


async def register_keyring(
    ledger: LedgerClient, authority: str, parties: Sequence[str], threshold: int
) -> str:
    """A keyring of which `threshold` parties answer every request. Returns its address."""
    made = await ledger.broadcast(
        identity.MsgNewKeyring(
            creator=authority, description="Local keyring", party_threshold=threshold
        )
    )
    address = str(made.response(identity.MsgNewKeyringResponse).addr)
    await ledger.broadcast(
        *(
            identity.MsgAddKeyringParty(creator=authority, keyring_addr=address, party=party)
            for party in parties
        )
    )
    return address


async def request_authority_key(ledger: LedgerClient, authority: str, keyring: str) -> AuthorityKey:
    """An ECDSA key in a workspace of the authority, once the keyring made it.

    Raises NetworkError when it refused.
    """
    workspace = (await ledger.broadcast(identity.MsgNewWorkspace(creator=authority))).response(
        identity.MsgNewWorkspaceResponse
    )
    asked = await ledger.broadcast(
        treasury.MsgNewKeyRequest(
            creator=authority,
            workspace_addr=workspace.addr,
            keyring_addr=keyring,
            key_type="ecdsa",
        )
    )
    key_id = asked.response(treasury.MsgNewKeyRequestResponse).key_req_id
    public_key = await _answered(ledger, key_id)
    return AuthorityKey(key_id, evm.evm_address(public_key))


async def _answered(ledger: LedgerClient, request_id: int) -> bytes:
    while True:
        answer = await ledger.query(
            "/zrchain.treasury.Query/KeyRequestByID",
            treasury.QueryKeyRequestByIDRequest(id=request_id),
            treasury.QueryKeyRequestByIDResponse,
        )
        if answer.key_request.status == "KEY_REQUEST_STATUS_REJECTED":
            raise NetworkError(
                f"The keyring refused key request {request_id}: {answer.key_request.reject_reason}",
                "See logs/keyring.log in the network's state directory.",
            )
        if answer.key_request.status == "KEY_REQUEST_STATUS_FULFILLED":
            break
        await asyncio.sleep(POLL_S)
    key = await ledger.query(
        "/zrchain.treasury.Query/KeyByID",
        treasury.QueryKeyByIDRequest(id=request_id),
        treasury.QueryKeyByIDResponse,
    )
    return bytes(key.key.public_key)


async def register_sources(
    ledger: LedgerClient,
    authority: str,
    contracts: Sequence[ContractEntry],
    key: AuthorityKey,
    w3: Web3,
) -> None:
    """Let the contracts ask. Only Direct ones get an authority key, and typed answers if they can
    take them.
    """
    sources = []
    for contract in contracts:
        direct = contract.mode == "direct"
        sources.append(
            receiver.Source(
                chain=contract.chain,
                contract=contract.address,
                mode=MODES[contract.mode],
                authority_key_id=key.key_id if direct else 0,
                active=True,
                typed_answers=direct and await takes_typed_answers(w3, contract.address),
            )
        )
    await ledger.broadcast(
        *(receiver.MsgRegisterSource(authority=authority, source=source) for source in sources)
    )
