"""What the engine asks of its CometBFT node, over the node's JSON-RPC.

Source: CometBFT 0.38 spec/rpc. Several questions go in one batch.
"""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from zrchain_lite.engine.reading import Pool
from zrchain_lite.errors import Unavailable
from zrchain_lite.light import answers, hashes
from zrchain_lite.wire.tendermint.abci import types_pb2 as abci
from zrchain_lite.wire.tendermint.crypto.keys_pb2 import PublicKey
from zrchain_lite.wire.tendermint.types.block_pb2 import Block, EvidenceList
from zrchain_lite.wire.tendermint.types.types_pb2 import Commit, Data
from zrchain_lite.wire.tendermint.types.validator_pb2 import Validator, ValidatorSet

TIMEOUT_S = 5.0
MAX_PAGES = 100
PER_PAGE = 100
_REFUSALS = (("already exists in cache", 19), ("mempool is full", 20), ("too large", 21))
"""What CometBFT says of a transaction that it did not check, and the Cosmos SDK's codes for it."""

Call = tuple[str, dict[str, str]]


class NodeAway(Unavailable):
    """CometBFT's node does not answer, or not in CometBFT's words."""


class NodeRefused(Unavailable):
    """CometBFT's node answers with an error."""


@dataclass(frozen=True)
class SignedBlock:
    """A block of the node, and who signed it."""

    block: Block
    commit: Commit


class Endpoint(NamedTuple):
    """Where a node's JSON-RPC answers: a URL, and the Unix socket behind it if there is one.

    Over TLS, `certificate` (a PEM file) is the one that the node has to show, if it is ours.
    """

    url: str
    socket: Path | None = None
    certificate: Path | None = None

    def __str__(self) -> str:
        return self.url if self.socket is None else str(self.socket)


class NodeRpc:
    """A client of one node; `close` ends it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def signed_block(self, height: int) -> SignedBlock:
        """The block of a height with its transactions; raises NodeAway or NodeRefused."""
        at = {"height": str(height)}
        block, commit = await self._ask(("block", at), ("commit", at))
        try:
            said = block["block"]
            return SignedBlock(
                Block(
                    header=answers.header(said["header"]),
                    data=Data(txs=map(base64.b64decode, said["data"]["txs"] or ())),
                    evidence=EvidenceList(),
                    last_commit=answers.commit(said["last_commit"]),
                ),
                answers.commit(commit["signed_header"]["commit"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise self._strange(error) from None

    async def validators(self, height: int) -> ValidatorSet:
        """Who signs the block of a height; raises NodeAway or NodeRefused."""
        found: list[Validator] = []
        for page in range(1, MAX_PAGES + 1):
            asked = {"height": str(height), "page": str(page), "per_page": str(PER_PAGE)}
            (answer,) = await self._ask(("validators", asked))
            try:
                found += map(_validator, answer["validators"])
                if len(found) >= int(answer["total"]):
                    break
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise self._strange(error) from None
        total = sum(each.voting_power for each in found)
        return ValidatorSet(validators=found, total_voting_power=total)

    async def broadcast(self, tx: bytes) -> abci.ResponseCheckTx:
        """What CheckTx said of a transaction, which waits in the node's mempool if that is code 0.

        Raises NodeAway.
        """
        try:
            (said,) = await self._ask(("broadcast_tx_sync", {"tx": base64.b64encode(tx).decode()}))
        except NodeRefused as error:
            code = next((code for words, code in _REFUSALS if words in str(error)), None)
            if code is None:
                raise
            return abci.ResponseCheckTx(code=code, codespace="sdk", log=str(error))
        try:
            return abci.ResponseCheckTx(
                code=said["code"],
                data=bytes.fromhex(said["data"]),
                log=said["log"],
                codespace=said["codespace"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise self._strange(error) from None

    async def pool(self, limit: int) -> Pool:
        """What waits in the node's mempool, `limit` transactions of it; raises NodeAway."""
        name = "unconfirmed_txs" if limit else "num_unconfirmed_txs"
        (said,) = await self._ask((name, {"limit": str(limit)} if limit else {}))
        try:
            txs = tuple(base64.b64decode(tx) for tx in said.get("txs") or ())
            return Pool(int(said["total"]), int(said["total_bytes"]), txs)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise self._strange(error) from None

    async def _ask(self, *calls: Call) -> list[Any]:
        batch = [
            {"jsonrpc": "2.0", "id": place, "method": method, "params": params}
            for place, (method, params) in enumerate(calls)
        ]
        try:
            async with self._session().post(self._endpoint.url, json=batch) as response:
                answered = await response.json(content_type=None)
            found = {each["id"]: each for each in _listed(answered)}
            results = [found[place] for place in range(len(calls))]
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NodeAway(
                f"CometBFT at {self._endpoint} does not answer ({type(error).__name__}: {error})"
            ) from None
        except (KeyError, TypeError, ValueError) as error:
            raise self._strange(error) from None
        for each in results:
            if fault := each.get("error"):
                raise NodeRefused(f"{fault.get('message', '')}: {fault.get('data', '')}")
        return [each.get("result") for each in results]

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=self._connector(),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                read_bufsize=1024 * 1024,
            )
        return self._http

    def _connector(self) -> aiohttp.BaseConnector:
        _, socket, certificate = self._endpoint
        if socket is not None:
            return aiohttp.UnixConnector(str(socket))
        if certificate is None:
            return aiohttp.TCPConnector()
        first = ssl.PEM_cert_to_DER_cert(_first_certificate(certificate))
        return aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(sha256(first).digest()))

    def _strange(self, error: Exception) -> NodeAway:
        return NodeAway(
            f"{self._endpoint} does not answer as CometBFT does ({type(error).__name__}: {error})"
        )


def _first_certificate(file: Path) -> str:
    """The one that a server shows as its own, of a chain in PEM."""
    head, end, _ = file.read_text().partition("-----END CERTIFICATE-----")
    return head[head.index("-----BEGIN CERTIFICATE-----") :] + end


def _listed(answered: Any) -> list[Any]:
    return answered if isinstance(answered, list) else [answered]


def _validator(said: Any) -> Validator:
    known = answers.validator(said)
    return Validator(
        address=hashes.address(known.key),
        pub_key=PublicKey(ed25519=known.key),
        voting_power=known.power,
        proposer_priority=int(said["proposer_priority"]),
    )
