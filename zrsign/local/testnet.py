"""A chain of several validators: genesis, keys and settings for each host, in a folder of its own.

DIR/validator-1/  ledger.json, genesis.json, and `home` with the validator's keys
DIR/validator-2/  …

A folder is copied to its host, and `zrsign run ledger --config ledger.json` runs in it. With stake
it holds `operator.key` as well: the account whose stake is the validator's, for its operator alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zrchain_lite.engine.cometbft.node import make_keys
from zrchain_lite.engine.validator_key import public_json
from zrchain_lite.genesis import Genesis, GenesisKey, GenesisValidator
from zrchain_lite.validator_addresses import operator_of
from zrsign.errors import UsageError
from zrsign.local.certificates import Authority
from zrsign.local.network import accounts
from zrsign.local.network import genesis as network_genesis

MAX_VALIDATORS = 100
STEP = 10
"""How far apart the ports of two validators on one machine are."""
SETTINGS = "ledger.json"
STAKE_ROCK = 1_000
"""What each validator has staked at genesis where nothing else is said."""
_COMMISSION = {"rate": "0.05", "max_rate": "0.2", "max_change_rate": "0.01"}


@dataclass(frozen=True)
class Host:
    """Where one validator runs: what the others call it, on what it listens, and its ports."""

    address: str = "127.0.0.1"
    listen: str = "127.0.0.1"
    p2p: int = 26656
    grpc: int = 9090
    rest: int = 1317
    rpc: int = 26657

    @property
    def external(self) -> str:
        """Where the other validators find it."""
        return f"{self.address}:{self.p2p}"


@dataclass(frozen=True)
class Written:
    """One validator's folder."""

    folder: Path
    host: Host
    node_id: str

    @property
    def settings(self) -> Path:
        """The file for `zrsign run ledger --config`."""
        return self.folder / SETTINGS


def first_state(keys: Path) -> Genesis:
    """A genesis for new accounts of an authority, daemons and approvers, whose keys are written.

    Raises UsageError where there are keys already.
    """
    if keys.exists():
        raise UsageError(f"{keys} is there already.", "Name another folder, or remove it.")
    keys.mkdir(mode=0o700, parents=True)
    known = accounts.add(keys, (*accounts.DAEMON_ACCOUNTS, *accounts.APPROVERS))
    return Genesis.model_validate(network_genesis.build(known))


def on_this_machine(count: int) -> list[Host]:
    """Hosts on loopback, each with ports of its own."""
    first = Host()
    return [
        Host(
            p2p=first.p2p + STEP * each,
            grpc=first.grpc + STEP * each,
            rest=first.rest + STEP * each,
            rpc=first.rpc + STEP * each,
        )
        for each in range(count)
    ]


def write(
    folder: Path,
    genesis: Genesis,
    hosts: Sequence[Host],
    settings: Mapping[str, Any] | None = None,
    cometbft: Mapping[str, Any] | None = None,
    *,
    stake_rock: int = 0,
    tls: bool = False,
    rooted: bool = False,
) -> list[Written]:
    """A folder for each host, with `settings` for all of them; `tls` makes their certificates too.

    With `stake_rock` each validator begins with so much stake, and an account that has as much
    again; without, who makes the blocks is fixed. Paths are relative to the folder, unless they are
    to be `rooted` where it is written.

    Raises UsageError where a folder is there already, or where there are too many hosts.
    """
    if not 0 < len(hosts) <= MAX_VALIDATORS:
        raise UsageError(f"{len(hosts)} validators; 1 to {MAX_VALIDATORS} are a network")
    made, keys = [], []
    for number, host in enumerate(hosts, 1):
        place = folder / f"validator-{number}"
        if place.exists():
            raise UsageError(f"{place} is there already.", "Name another folder, or remove it.")
        key, node_id = make_keys(place / "home" / "cometbft")
        made.append(Written(place, host, node_id))
        keys.append(GenesisKey(value=public_json(key.public)["value"]))
    first = _with_validators(genesis, dict(zip(keys, made, strict=True)), stake_rock)
    authority = Authority(f"{genesis.chain_id} testnet") if tls else None
    for each in made:
        _write(each.folder / "genesis.json", first.model_dump(mode="json"))
        others = [f"{other.node_id}@{other.host.external}" for other in made if other != each]
        given = {**(settings or {}), **_certified(each, authority)}
        consensus = {**(cometbft or {}), "peers": others}
        root = each.folder.resolve() if rooted else Path()
        _write(each.settings, _settings(root, each.host, given, consensus))
    return made


def _with_validators(
    genesis: Genesis, made: Mapping[GenesisKey, Written], stake_rock: int
) -> Genesis:
    """The genesis with these validators, and what each has staked."""
    validators = tuple(
        GenesisValidator(pub_key=key, power=stake_rock or 1, name=each.folder.name)
        for key, each in made.items()
    )
    first = genesis.model_copy(update={"validators": validators}, deep=True)
    if stake_rock:
        balances = first.app_state.setdefault("bank", {}).setdefault("balances", [])
        created = first.app_state.setdefault("staking", {}).setdefault("validators", [])
        for key, each in made.items():
            (operator,) = accounts.add(each.folder, ["operator"])
            balances.append(network_genesis.balance(operator.address, 2 * stake_rock))
            created.append(_creation(each.folder.name, operator.address, key, stake_rock))
    return first


def _creation(name: str, account: str, key: GenesisKey, stake_rock: int) -> dict[str, Any]:
    """A validator as the module `staking` takes it from the genesis."""
    return {
        "description": {"moniker": name},
        "commission": _COMMISSION,
        "min_self_delegation": "1",
        "validator_address": operator_of(account),
        "pubkey": {"@type": "/cosmos.crypto.ed25519.PubKey", "key": key.value},
        "value": network_genesis.coin(stake_rock),
    }


def _certified(written: Written, authority: Authority | None) -> dict[str, str]:
    """The settings for a host's own certificate, which is written with that of the authority."""
    if authority is None:
        return {}
    names = {written.host.address, "localhost", "127.0.0.1"}
    certificate, key = authority.issue(sorted(names))
    files = {"ca.pem": authority.certificate, "tls.pem": certificate, "tls.key": key}
    for name, content in files.items():
        path = written.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
    return {"tls_certificate": "tls.pem", "tls_key": "tls.key"}


def _settings(
    root: Path, host: Host, settings: Mapping[str, Any], cometbft: Mapping[str, Any]
) -> dict[str, Any]:
    doors = {name: f"{host.listen}:{getattr(host, name)}" for name in ("grpc", "rest", "rpc")}
    consensus = {"p2p": f"{host.listen}:{host.p2p}", **cometbft}
    if host.address != host.listen:
        consensus["external_address"] = host.external
    return {
        "home": str(root / "home"),
        "genesis": str(root / "genesis.json"),
        **doors,
        "engine": "cometbft",
        **settings,
        "cometbft": consensus,
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2) + "\n")
