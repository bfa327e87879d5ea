"""Fixtures of the treasury's tests: an owner, a keyring of one party, and a key of it."""

from __future__ import annotations

import pytest

from tests.zrchain_lite.modules.treasury.world import ECDSA, FEE, Account, Recorder, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def owner(world: World) -> Account:
    return world.account()


@pytest.fixture
def workspace(world: World, owner: Account) -> str:
    return world.workspace(owner)


@pytest.fixture
def parties(world: World) -> list[Account]:
    return [world.account() for _ in range(3)]


@pytest.fixture
def party(parties: list[Account]) -> Account:
    """The first of the parties, and the only one of `keyring`."""
    return parties[0]


@pytest.fixture
def keyring(world: World, party: Account) -> str:
    """Of one party, whose refusal ends a request; a request costs FEE."""
    return world.keyring(party, [party], threshold=1, fee=FEE)


@pytest.fixture
def key(world: World, owner: Account, workspace: str, keyring: str, party: Account) -> int:
    """An ECDSA key; one answer is enough."""
    return world.key(owner, workspace, keyring, party, ECDSA)


@pytest.fixture
def hooks(world: World) -> Recorder:
    recorder = Recorder()
    world.treasury.hooks.append(recorder)
    return recorder
