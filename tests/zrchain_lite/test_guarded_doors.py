"""Foreign web pages, and TLS: what browsers and clients meet at the three doors."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.zrchain_lite.chain import ALICE, BOB, CHAIN_ID, genesis, node_config, transfer
from zrchain_lite.api.http import Tls, listen
from zrchain_lite.client import LedgerClient, LedgerUnavailable
from zrchain_lite.doors import Guard
from zrchain_lite.errors import LedgerError
from zrchain_lite.node import RunningNode, serving
from zrsign.node import modules, routers

WALLET, STRANGER = "https://wallet.example", "https://evil.example"
CALL = {"jsonrpc": "2.0", "id": 1, "method": "health", "params": {}}


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[RunningNode]:
    """Its doors are open to the pages of one wallet."""
    config = replace(node_config(tmp_path, genesis()), guard=Guard((WALLET,)))
    async with serving(config, modules, asyncio.Event(), routers=routers) as (running, _):
        yield running


def urls(node: RunningNode) -> tuple[str, ...]:
    rest, rpc = f"http://127.0.0.1:{node.rest_port}", f"http://127.0.0.1:{node.rpc_port}"
    return (
        f"{rest}/cosmos/base/tendermint/v1beta1/blocks/latest",
        f"{rest}/zrsign/v1/params",
        f"{rpc}/health",
    )


async def test_foreign_page__should_be_refused_whole(node: RunningNode) -> None:
    async with httpx.AsyncClient() as http:
        for url in (*urls(node), f"http://127.0.0.1:{node.rest_port}/zrsign/v1/events"):
            for origin in (STRANGER, "null", WALLET + ".evil.example", "http://127.0.0.1:1"):
                answer = await http.get(url, headers={"origin": origin})
                assert answer.status_code == 403, (url, origin)
                assert "access-control-allow-origin" not in answer.headers
        rpc = f"http://127.0.0.1:{node.rpc_port}/"
        sent = await http.post(rpc, json=CALL, headers={"origin": STRANGER})
        assert sent.status_code == 403
        preflight = {"origin": STRANGER, "access-control-request-method": "POST"}
        assert (await http.options(rpc, headers=preflight)).status_code == 403


async def test_named_page__should_read_the_answers(node: RunningNode) -> None:
    async with httpx.AsyncClient() as http:
        for url in urls(node):
            answer = await http.get(url, headers={"origin": WALLET})
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == WALLET
        rpc = f"http://127.0.0.1:{node.rpc_port}/"
        preflight = {
            "origin": WALLET,
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        }
        allowed = await http.options(rpc, headers=preflight)
        assert allowed.status_code == 200
        assert "POST" in allowed.headers["access-control-allow-methods"]


async def test_clients_and_own_pages__should_not_notice(node: RunningNode) -> None:
    async with httpx.AsyncClient() as http:
        for url in urls(node):
            own = {"origin": "http://" + url.split("/")[2]}
            for headers in ({}, own):
                assert (await http.get(url, headers=headers)).status_code == 200


async def test_name_that_was_pointed_here__should_be_refused(node: RunningNode) -> None:
    """DNS rebinding: the page, its origin and the host are all the stranger's name."""
    name = f"evil.example:{node.rpc_port}"
    async with httpx.AsyncClient() as http:
        for url in (*urls(node), f"http://127.0.0.1:{node.rest_port}/zrsign/v1/events"):
            for host in ("evil.example", name, "127.0.0.1.evil.example", "[::1", "wallet.example"):
                for headers in ({"host": host}, {"host": host, "origin": f"http://{host}"}):
                    assert (await http.get(url, headers=headers)).status_code == 403, headers
            if not url.endswith("events"):
                for host in ("localhost", "LOCALHOST:1", "127.0.0.1:1", "[::1]:1"):
                    assert (await http.get(url, headers={"host": host})).status_code == 200, host
        rpc = f"http://127.0.0.1:{node.rpc_port}/"
        assert (await http.post(rpc, json=CALL, headers={"host": name})).status_code == 403
    here: dict[str, Any] = {"host": "127.0.0.1", "port": node.rpc_port, "proxy": None}
    with pytest.raises(InvalidStatus) as refused:
        await connect("ws://evil.example/websocket", **here)
    assert refused.value.response.status_code == 403


async def test_names_of_the_settings__should_be_those_of_the_node(tmp_path: Path) -> None:
    guard = Guard(hosts=("rest.example",))
    config = replace(node_config(tmp_path, genesis()), guard=guard)
    serves = serving(config, modules, asyncio.Event(), routers=routers)
    async with serves as (node, _), httpx.AsyncClient() as http:
        for host, code in {"rest.example:443": 200, "evil.example": 403}.items():
            assert (await http.get(urls(node)[2], headers={"host": host})).status_code == code


@pytest.mark.parametrize(
    ("address", "hosts", "names"),
    [
        ("127.0.0.1", (), ()),
        ("127.0.0.1", ("a.example",), ("a.example",)),
        ("0.0.0.0", (), None),
        ("0.0.0.0", ("a.example",), ("a.example",)),
    ],
)
def test_door_for_this_machine__should_know_its_names(
    address: str, hosts: tuple[str, ...], names: tuple[str, ...] | None
) -> None:
    with listen("REST", f"{address}:0") as door:
        assert Guard(hosts=hosts).names(door) == names


@pytest.mark.parametrize("mark", [{"origin": WALLET}, {"sec-fetch-site": "same-origin"}])
async def test_json_rpc__should_take_json_alone_from_pages(
    node: RunningNode, mark: dict[str, str]
) -> None:
    url, body = f"http://127.0.0.1:{node.rpc_port}/", json.dumps(CALL)
    async with httpx.AsyncClient() as http:

        async def status(media: str | None, headers: dict[str, str]) -> int:
            named = {"content-type": media} if media else {}
            return (await http.post(url, content=body, headers=headers | named)).status_code

        for media in ("text/plain", "application/x-www-form-urlencoded", None):
            assert await status(media, mark) == 415
            assert await status(media, {}) == 200, "CosmJS and curl are no pages"
        assert await status("application/json; charset=utf-8", mark) == 200


async def test_websocket__should_be_closed_to_foreign_pages(node: RunningNode) -> None:
    url = f"ws://127.0.0.1:{node.rpc_port}/websocket"
    with pytest.raises(InvalidStatus):
        async with connect(url, origin=STRANGER, proxy=None):  # type: ignore[arg-type]
            pass
    for origin in (None, WALLET):
        async with connect(url, origin=origin, proxy=None) as socket:  # type: ignore[arg-type]
            await socket.send(json.dumps(CALL))
            assert json.loads(await socket.recv())["result"] == {}


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ledger")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return paths


async def test_tls__should_hold_at_every_door_and_be_verified(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    first = node_config(tmp_path, genesis(), doors_apart=True)
    config = replace(first, guard=Guard(tls=Tls(*map(str, files))))
    async with serving(config, modules, asyncio.Event(), routers=routers) as (node, _):
        trusted = ssl.create_default_context(cafile=str(files[0]))
        rest, rpc = f"127.0.0.1:{node.rest_port}", f"127.0.0.1:{node.rpc_port}"
        async with httpx.AsyncClient(verify=trusted) as http:
            path = "/cosmos/base/tendermint/v1beta1/node_info"
            info = (await http.get(f"https://{rest}{path}")).json()
            assert info["default_node_info"]["network"] == CHAIN_ID
            assert (await http.post(f"https://{rpc}/", json=CALL)).json()["result"] == {}
        async with httpx.AsyncClient() as http:
            for url in (f"https://{rest}/", f"http://{rest}/", f"http://{rpc}/"):
                with pytest.raises(httpx.TransportError):
                    await http.get(url)
        async with connect(f"wss://{rpc}/websocket", ssl=trusted, proxy=None) as socket:
            await socket.send(json.dumps(CALL))
            assert json.loads(await socket.recv())["result"] == {}
        await grpc_should_be_verified(f"127.0.0.1:{node.grpc_port}", files[0])


async def grpc_should_be_verified(target: str, ca: Path) -> None:
    async with LedgerClient(f"https://{target}", account=ALICE, ca=ca) as client:
        assert (await client.broadcast(transfer(ALICE, BOB, 5))).height > 0
    options: list[dict[str, Any]] = [{"grpc": f"https://{target}"}, {"grpc": target}]
    for option in options:
        async with LedgerClient(**option, attempts=1, timeout_s=5) as client:
            with pytest.raises(LedgerUnavailable):
                await client.chain_id()


def test_tls__should_refuse_files_that_it_cannot_use(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = certificate(tmp_path / "other")
    for pair in ((chain, other), (tmp_path / "none", key), (key, key)):
        with pytest.raises(LedgerError, match="cannot use"):
            Tls(*map(str, pair))
