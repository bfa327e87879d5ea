"""The ledger in memory with the operators module, and one keyring of four parties."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from tests.zrchain_lite.modules.treasury.world import Account, World
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire

QUERY = "/zrsign.operators.Query/"
LEVEL = "PAILLIER_2048"


def member(index: int, party: Account, /, **fields: Any) -> wire.Member:
    """Index decides identity, certificate and endpoint."""
    return wire.Member(
        **{
            "index": index,
            "party": party.address,
            "identity_key": hashlib.sha256(b"identity %d" % index).digest(),
            "tls_certificate": b"certificate %d" % index,
            "endpoint": f"127.0.0.1:{7000 + index}",
            **fields,
        }
    )


@dataclass
class OperatorsWorld(World):
    """`admin` administers `keyring`; index i is the party `parties[i - 1]`."""

    def __post_init__(self) -> None:
        # Names the keyring that is made below.
        ours = self.genesis.pop("operators", {})
        super().__post_init__()
        self.admin, self.stranger = self.account(), self.account()
        self.parties = [self.account() for _ in range(4)]
        self.ring = self.keyring(self.admin, self.parties, threshold=2)
        (operators,) = (module for module in self.modules if module.name == "operators")
        operators.init_genesis(self.ctx(), ours)

    def members(self, *indices: int) -> list[wire.Member]:
        return [member(index, self.parties[index - 1]) for index in indices]

    def set_group(self, *members: wire.Member, **fields: Any) -> int:
        values: dict[str, Any] = {"threshold": 2, "level": LEVEL, "members": members, **fields}
        return int(self.order("SetGroup", **values).number)

    def order(self, kind: str, **fields: Any) -> Any:
        """A message of an administrator, or of `creator`."""
        message = getattr(wire, f"Msg{kind}")
        known = {"creator": self.admin.address, "keyring": self.ring}
        return self.do(message(**{**known, **fields}))

    def report(self, reporter: int, culprit: int, evidence: bytes = b"proof", **fields: Any) -> int:
        """Of party `reporter` (its index) about a member."""
        values: dict[str, Any] = {
            "creator": self.parties[reporter - 1].address,
            "culprit": culprit,
            "protocol": "presign",
            "reason": "a wrong proof",
            "evidence_digest": hashlib.sha256(evidence).digest(),
            "evidence": evidence,
            **fields,
        }
        return int(self.order("ReportFault", **values).fault_id)

    def settings(self) -> Any:
        return self.ask("Settings", keyring=self.ring)

    def ask(self, name: str, **fields: Any) -> Any:
        request: Message = getattr(wire, f"Query{name}Request")(**fields)
        return self.query(QUERY + name, request)

    def snapshot(self) -> dict[bytes, bytes]:
        return dict(self.store.iterate(b""))
