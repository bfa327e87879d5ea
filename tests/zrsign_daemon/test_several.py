"""Several nodes as one: who answers for whom, who is believed, and who is rested."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

import pytest

from zrsign_daemon.retry import Retry
from zrsign_daemon.several import NoQuorum, Several


class Away(ConnectionError):
    """A node that does not answer."""


class Limit(Away):
    """A node that was asked too much."""


class Longest(Random):
    """Every rest lasts as long as it may."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


@dataclass
class Answering:
    """Gives one answer, or raises it."""

    endpoint: str
    answer: int | Exception
    asked: int = 0

    async def get(self) -> int:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@dataclass
class World:
    nodes: list[Answering]
    quorum: int = 1
    now: float = 0.0
    several: Several[Answering] = field(init=False)

    def __post_init__(self) -> None:
        self.several = Several(
            self.nodes,
            quorum=self.quorum,
            on=(Away,),
            through=(Limit,),
            retry=Retry(base_s=1.0, cap_s=8.0, rng=Longest()),
            clock=lambda: self.now,
        )

    async def ask(self) -> int:
        return await self.several.ask(lambda node: node.get(), lambda answer: answer)

    def asked(self) -> list[int]:
        counts = [node.asked for node in self.nodes]
        for node in self.nodes:
            node.asked = 0
        return counts


def nodes(*answers: int | Exception) -> list[Answering]:
    return [Answering(f"node-{place}", answer) for place, answer in enumerate(answers)]


async def test_first_node__should_be_asked_alone_while_it_answers() -> None:
    world = World(nodes(1, 2))
    assert [await world.ask(), await world.ask()] == [1, 1]
    assert world.asked() == [2, 0]


async def test_failing_node__should_rest_longer_each_time_and_come_back() -> None:
    world = World(nodes(Away("a"), 2))
    rests = []
    for _ in range(4):
        assert await world.ask() == 2
        assert world.asked() == [1, 1]
        started = world.now
        while not world.nodes[0].asked:
            world.now += 1
            await world.ask()
        rests.append(world.now - started)
        world.asked()
        world.now += 100
    assert rests[0] >= 2
    world.nodes[0].answer = 1
    assert await world.ask() == 1


async def test_error_that_says_nothing_against_a_node__should_be_the_answer() -> None:
    world = World(nodes(Limit("too much"), 2))
    with pytest.raises(Limit):
        await world.ask()
    assert world.asked() == [1, 0]


async def test_last_node__should_say_what_is_wrong() -> None:
    with pytest.raises(Away, match="second"):
        await World(nodes(Away("first"), Away("second"))).ask()


async def test_minority__should_be_outvoted_and_rested_while_others_are_enough() -> None:
    world = World(nodes(7, 8, 7), quorum=2)
    assert await world.ask() == 7
    assert world.asked() == [1, 1, 1]
    assert await world.ask() == 7
    assert world.asked() == [1, 0, 1]
    # With one of them away the one at rest is needed: it may have changed its mind.
    world.nodes[0].answer = Away("gone")
    world.nodes[1].answer = 7
    with pytest.raises(NoQuorum):
        await world.ask()
    assert await world.ask() == 7


async def test_split__should_name_both_sides() -> None:
    with pytest.raises(NoQuorum, match=r"No 2 nodes agree; alike are: node-0 \| node-1\."):
        await World(nodes(7, 8), quorum=2).ask()


async def test_too_few_answers__should_say_what_each_said() -> None:
    with pytest.raises(NoQuorum, match=r"1 of 3 nodes answered, 2 are needed: a; b"):
        await World(nodes(Away("a"), 7, Away("b")), quorum=2).ask()


async def test_quorum_that_is_asked_too_much__should_be_asked_for_less() -> None:
    with pytest.raises(Limit):
        await World(nodes(Limit("ten blocks"), 7), quorum=2).ask()


async def test_error_of_another_kind__should_not_be_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        await World(nodes(ZeroDivisionError(), 7, 7), quorum=2).ask()
