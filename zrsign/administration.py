"""What a keyring's administrators do on the ledger: its operators, their orders, their faults.

All of it is ordinary transactions of the module `operators`; the operators follow what it says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zrchain_lite.client import Account, LedgerClient
from zrchain_lite.wire.cosmos.bank.v1beta1.tx_pb2 import MsgSend
from zrchain_lite.wire.cosmos.base.v1beta1.coin_pb2 import Coin
from zrchain_lite.wire.zrchain.identity import identity_pb2 as identity
from zrchain_lite.wire.zrsign.operators import operators_pb2 as wire
from zrsign.errors import UsageError
from zrsign_daemon.validation import faults

DENOM: Final = "urock"
GRANT: Final = 1_000_000_000
"""How many urock a new party gets for the fees of its transactions: 1000 ROCK."""
QUERY: Final = "/zrsign.operators.Query/"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MemberCard(_Part):
    """One operator, as `zrsign operators card` shows it."""

    index: int = Field(ge=1, le=0xFFFF)
    # Its account on the ledger.
    party: str
    # Ed25519, hexadecimal.
    identity: str = Field(pattern=r"^[0-9a-f]{64}$")
    # DER, hexadecimal.
    certificate: str = Field(pattern=r"^([0-9a-f]{2})+$")
    # host:port for its peers.
    endpoint: str = Field(pattern=r"^[^\s:]+:\d{1,5}$")

    @classmethod
    def read(cls, path: Path) -> MemberCard:
        """The card in a JSON file. Raises UsageError."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise UsageError(
                f"Cannot read the card {path}: {error.strerror}.", "Make one: zrsign operators card"
            ) from None
        except ValidationError as error:
            raise UsageError(
                f"{path} is no operator's card: {faults(error)}.", "Make one: zrsign operators card"
            ) from None

    def message(self) -> wire.Member:
        """The member as the ledger's message names it."""
        return wire.Member(
            index=self.index,
            party=self.party,
            identity_key=bytes.fromhex(self.identity),
            tls_certificate=bytes.fromhex(self.certificate),
            endpoint=self.endpoint,
        )


def card_of(config: Path, index: int, endpoint: str = "") -> MemberCard:
    """The card of an operator from its settings file; keys that are missing are made.

    Raises SettingsError, UsageError.
    """
    from zrsign_daemon.keyfile import read_or_make_secret, require_private
    from zrsign_daemon.settings import load
    from zrsign_dmpc.run.execution import IdentityKey
    from zrsign_operator.enclave.simulated import read_secret as read_identity
    from zrsign_operator.peers.tls import read_or_make
    from zrsign_operator.settings import OperatorSettings

    settings = load(OperatorSettings, config)
    tls = read_or_make(settings.tls_key_file, settings.tls_certificate_file)
    account = Account.from_secret(read_or_make_secret(settings.ledger.key_file))
    identity_key = IdentityKey(read_identity(settings.identity_file))
    for secret in (settings.tls_key_file, settings.ledger.key_file, settings.identity_file):
        require_private(secret)
    try:
        return MemberCard(
            index=index,
            party=account.address,
            identity=identity_key.public_key.hex(),
            certificate=tls.der.hex(),
            endpoint=endpoint or settings.listen,
        )
    except ValidationError as error:
        raise UsageError(f"No card: {faults(error)}.", "An index is 1 to 65535.") from None


@dataclass(frozen=True)
class Progress:
    """How far the current order is carried out."""

    group: int
    refresh: int
    keys: int
    done: int
    """Keys whose every member has committed the epoch that the order asks for."""


class Keyring:
    """One keyring on a ledger; the client's account is an administrator of it."""

    def __init__(self, ledger: LedgerClient, address: str) -> None:
        self.address = address
        self._ledger = ledger
        self._me = ledger.account.address

    async def settings(self) -> wire.QuerySettingsResponse:
        """What is ordered. Raises ClientError."""
        request = wire.QuerySettingsRequest(keyring=self.address)
        return await self._ledger.query(QUERY + "Settings", request, wire.QuerySettingsResponse)

    async def faults(self) -> list[wire.Fault]:
        """Who was caught, as the others reported it."""
        request = wire.QueryFaultsRequest(keyring=self.address)
        pages = self._ledger.page(QUERY + "Faults", request, wire.QueryFaultsResponse)
        return [fault async for fault in pages]

    async def set_group(
        self,
        threshold: int,
        level: str,
        members: Sequence[wire.Member],
        *,
        roots: int | None = None,
        absent: int | None = None,
    ) -> int:
        """Order that these hold all keys; the group's number.

        None leaves the number of roots, or of members that may be absent, as it is as far as the
        new group can have it; a first group has one root for each way to sign, and nobody absent.

        New members become parties, and get `GRANT` urock for fees from this account. The party
        threshold of the keyring is lowered at once if the new group is too small for it.

        Raises ClientError.
        """
        known, groups = await self._known(), (await self.settings()).groups
        before = groups[-1] if groups else wire.Group(roots=1)
        messages: list[Any] = []
        for party in [each.party for each in members if each.party not in known.parties]:
            coin = Coin(denom=DENOM, amount=str(GRANT))
            messages += [
                MsgSend(from_address=self._me, to_address=party, amount=[coin]),
                identity.MsgAddKeyringParty(
                    creator=self._me, keyring_addr=self.address, party=party
                ),
            ]
        if known.party_threshold > threshold:
            messages.append(self._with_threshold(known, threshold))
        messages.append(
            wire.MsgSetGroup(
                creator=self._me,
                keyring=self.address,
                threshold=threshold,
                level=level,
                members=members,
                roots=before.roots if roots is None else roots,
                absent=min(before.absent, len(members) - threshold) if absent is None else absent,
            )
        )
        sent = await self._ledger.broadcast(*messages)
        response = wire.MsgSetGroupResponse()
        sent.responses[-1].Unpack(response)
        return response.number

    async def conclude(self) -> None:
        """Remove the parties that left and set the threshold, once the keys have moved.

        Until then those who leave still answer. Raises ClientError.
        """
        known, settings = await self._known(), await self.settings()
        group = settings.groups[-1]
        staying = {member.party for member in group.members}
        messages: list[Any] = [
            identity.MsgRemoveKeyringParty(creator=self._me, keyring_addr=self.address, party=party)
            for party in known.parties
            if party not in staying
        ]
        if known.party_threshold != group.threshold:
            messages.append(self._with_threshold(known, group.threshold))
        if messages:
            await self._ledger.broadcast(*messages)

    async def order_refresh(self) -> int:
        """Order new shares of every key; the number of the refresh. Raises ClientError."""
        message = wire.MsgOrderRefresh(creator=self._me, keyring=self.address)
        sent = await self._ledger.broadcast(message)
        return sent.response(wire.MsgOrderRefreshResponse).refresh_number

    async def allow(self, measurements: Iterable[tuple[str, bytes]]) -> None:
        """Exactly these (kind of enclave, measurement) may be peers. Raises ClientError."""
        message = wire.MsgSetMeasurements(
            creator=self._me,
            keyring=self.address,
            measurements=[wire.Measurement(kind=k, value=v) for k, v in sorted(measurements)],
        )
        await self._ledger.broadcast(message)

    async def pardon(self, index: int) -> int:
        """Let an operator take part again; how often that happened. Raises ClientError."""
        message = wire.MsgPardonMember(creator=self._me, keyring=self.address, index=index)
        sent = await self._ledger.broadcast(message)
        return sent.response(wire.MsgPardonMemberResponse).count

    async def progress(self) -> Progress:
        """How many keys have followed the last order: roots and keys of their own.

        Wallets follow with their roots. Raises ClientError.
        """
        settings = await self.settings()
        roots = {root.id: root.height > 0 for root in settings.roots}
        group = settings.groups[-1]
        target = (group.number, settings.refresh_number)
        committed: dict[int, set[str]] = {id_: set() for id_, active in roots.items() if active}
        told = Counter[int]()
        request = wire.QueryKeyEpochsRequest(keyring=self.address)
        pages = self._ledger.page(QUERY + "KeyEpochs", request, wire.QueryKeyEpochsResponse)
        async for each in pages:
            if not roots.get(each.key_id, True):
                continue
            told[each.key_id] += 1
            committed.setdefault(each.key_id, set())
            if (each.group, each.refresh) == target:
                committed[each.key_id].add(each.party)
        members = {member.party for member in group.members}
        # What fewer hold cannot sign: a key whose making failed.
        keys = [key for key in committed if key in roots or told[key] >= group.threshold]
        done = sum(members <= committed[key] for key in keys)
        return Progress(*target, len(keys), done)

    async def _known(self) -> identity.Keyring:
        answer = await self._ledger.query(
            "/zrchain.identity.Query/KeyringByAddress",
            identity.QueryKeyringByAddressRequest(keyring_addr=self.address),
            identity.QueryKeyringByAddressResponse,
        )
        return answer.keyring

    def _with_threshold(self, known: identity.Keyring, threshold: int) -> identity.MsgUpdateKeyring:
        return identity.MsgUpdateKeyring(
            creator=self._me,
            keyring_addr=self.address,
            party_threshold=threshold,
            key_req_fee=known.key_req_fee,
            sig_req_fee=known.sig_req_fee,
            description=known.description,
            is_active=known.is_active,
        )


async def only_keyring(ledger: LedgerClient) -> str:
    """The address of a local network's one keyring. Raises UsageError, ClientError."""
    answer = await ledger.query(
        "/zrchain.identity.Query/Keyrings",
        identity.QueryKeyringsRequest(),
        identity.QueryKeyringsResponse,
    )
    if len(answer.keyrings) != 1:
        raise UsageError(
            f"The ledger has {len(answer.keyrings)} keyrings.", "Say which: --keyring ADDRESS"
        )
    return str(answer.keyrings[0].address)
