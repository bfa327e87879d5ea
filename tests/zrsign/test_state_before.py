"""What the version before left on the disk still opens, and says the same.

`tests/vectors/network-before/README.md` says where it comes from.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from relayer.outbox import Outbox
from relayer.stages import ItemKey, Stage
from zrchain_lite.client import ObjectNotFound
from zrchain_lite.wire.zrchain.treasury import treasury_pb2 as treasury
from zrsign.cli import app
from zrsign.local.network import manifest
from zrsign.node import StoppedLedger
from zrsign_btc_proxy.reservations import Outpoint, Reservations
from zrsign_dmpc.ecdsa import Order
from zrsign_dmpc.ecdsa.presign.presignature import PRESIGNATURE
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_listener.plan import Feed
from zrsign_listener.store import Store
from zrsign_operator.enclave.simulated import SimulatedEnclave
from zrsign_operator.errors import SealBroken
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.sealing import Sealed
from zrsign_operator.ledger.approval import Scheme

KEPT = Path(__file__).parents[1] / "vectors" / "network-before" / "network.tar.xz"
WRITTEN_AT = "/srv/zrsign"
DIRECT = "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0"
OMNI = "0x99bbA657f2BbC93c02D617f8bA121cB8Fc104Acf"
SOURCE = "eip155:31337"
REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """The state directory, as if the network had been stopped in it."""
    with tarfile.open(KEPT) as archive:
        archive.extractall(tmp_path, filter="data")
    described = tmp_path / "network.json"
    described.write_text(described.read_text().replace(WRITTEN_AT, str(tmp_path)))
    return tmp_path


def sqlite(network: Path, name: str) -> str:
    return f"sqlite+aiosqlite:///{network / name}.sqlite"


def test_manifest__should_name_everything(network: Path) -> None:
    found = manifest.load(network)
    assert not found.running
    assert found.contract("direct").address == DIRECT
    assert found.chain("bitcoin").caip2 == REGTEST
    assert len(found.daemons) == 11
    user = found.account("user")
    assert user.evm().address == user.evm_address
    assert user.ledger().address == user.address


def test_track__should_tell_the_road_of_a_request(network: Path) -> None:
    done = CliRunner().invoke(app, ["track", "2", "--state", str(network), "--json"])
    assert done.exit_code == 0, done.output
    road = json.loads(done.output)
    assert road["source"] == f"{SOURCE} {OMNI}"
    assert (road["kind"], road["status"], road["key"]) == ("key", "answered", 3)
    assert road["wallet"] == "bcrt1q62tgv2c6fhuzfufqzjcqc8y0wx6c8d7c3aslcp"
    assert [step["name"] for step in road["steps"]] == [
        "observed",
        "accepted",
        "key_requested",
        "key_ready",
        "answered",
    ]


async def test_ledger__should_answer_queries(network: Path) -> None:
    async with StoppedLedger(network / "ledger") as ledger:
        answer = await ledger.query(
            "/zrchain.treasury.Query/Keys", treasury.QueryKeysRequest(), treasury.QueryKeysResponse
        )
        assert [each.key.id for each in answer.keys] == [1, 2, 3, 4, 5]
        with pytest.raises(ObjectNotFound):
            await ledger.query(
                "/zrchain.treasury.Query/KeyByID",
                treasury.QueryKeyByIDRequest(id=6),
                treasury.QueryKeyByIDResponse,
            )


async def test_listener__should_go_on_at_its_cursor(network: Path) -> None:
    async with await Store.open(sqlite(network, "listener")) as store:
        direct = await store.feed(SOURCE, DIRECT, 3)
        omni = await store.feed(SOURCE, OMNI, 43)
        assert direct == Feed(3, 94, 1, 87, direct.checkpoint)
        assert omni == Feed(43, 94, 7, 93, direct.checkpoint)
        assert direct.checkpoint is not None
        assert direct.checkpoint.number == 93
        assert len(direct.checkpoint.hash) == 32
        assert await store.backlog() == 0
        assert await store.malformed(SOURCE) == []


async def test_relayer__should_know_its_items_and_nonces(network: Path) -> None:
    outbox = await Outbox.open(sqlite(network, "relayer"))
    try:
        assert await outbox.open_items() == []
        item = await outbox.get(ItemKey("answer/4/f10cdd036dbddc06"))
        assert item is not None
        assert (item.stage, item.chain, len(item.tx_ids)) == (Stage.DONE, SOURCE, 1)
        account = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
        (held,) = await outbox.reservations(SOURCE, account)
        assert (held.nonce, held.fees.max_fee, held.fees.priority_fee) == (5, 3 * 10**9, 10**9)
    finally:
        await outbox.close()


async def test_proxy__should_hold_its_coins(network: Path) -> None:
    reservations = await Reservations.open(sqlite(network, "btc_proxy"))
    try:
        assert await reservations.taken(REGTEST) == {Outpoint("ab" * 32, 1)}
        assert await reservations.requests(REGTEST) == [7]
    finally:
        await reservations.close()


class ThatVersion(SimulatedEnclave):
    """The enclave as it measured the code of that version, which alone opens what it sealed."""

    measurement = b""

    def __init__(self, home: Path, operator: Path) -> None:
        root, secret = home / "simulated-enclave-root", operator / "anchors" / "sealing"
        super().__init__(root.read_bytes(), secret.read_bytes())
        sealed = next((operator / "state" / "aux").glob("*.sealed"))
        self.measurement = Sealed.decode(sealed.read_bytes()).header.measurement


def test_operator__should_read_its_journals_and_keys(network: Path) -> None:
    home = network / "operators"
    operator = home / "operator-1"
    identity = IdentityKey((operator / "identity").read_bytes())
    state, anchors = operator / "state", operator / "anchors"
    holdings = Holdings(state, anchors, ThatVersion(home, operator), identity)
    try:
        keys = {held.ledger_key: held for held in holdings.all_keys()}
        assert sorted(keys) == [1, 2, 3, 4, 5]
        assert Counter(held.folder.scheme for held in keys.values()) == {
            Scheme.ECDSA: 4,
            Scheme.ED25519: 1,
        }
        assert all(held.folder.settled and held.share.info.epoch == 0 for held in keys.values())
        assert len(holdings.aux) == 1
        assert len(holdings.presignatures) == 12
        assert holdings.single_use.count > 0
        assert not any(
            holdings.single_use.is_consumed(PRESIGNATURE, n) for n in holdings.presignatures
        )
        of_keys = {held.share.info.public_key for held in keys.values()}
        for made in holdings.presignatures.values():
            # It was made for the key itself, and signs for it and for any child.
            assert made.public.public_key in of_keys
            for shift in (0, 12345):
                order = Order(made.public, b"d" * 32, b"b" * 32, shift)
                assert order.is_right(made.index, order.share(made))
    finally:
        holdings.close()


def test_operator_of_this_version__should_say_that_the_seal_is_of_another(network: Path) -> None:
    home = network / "operators"
    operator = home / "operator-1"
    identity = IdentityKey((operator / "identity").read_bytes())
    sealing = (operator / "anchors" / "sealing").read_bytes()
    enclave = SimulatedEnclave((home / "simulated-enclave-root").read_bytes(), sealing)
    with pytest.raises(SealBroken, match="run that version, or restore"):
        Holdings(operator / "state", operator / "anchors", enclave, identity)
