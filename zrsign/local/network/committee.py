"""What the operators of a running network say of themselves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from zrsign.local.network.health import TIMEOUT
from zrsign.local.network.manifest import DaemonEntry, Manifest

PREFIX = "operator-"


@dataclass(frozen=True)
class OperatorReport:
    """`fault` is "" when it answers; then `status` is its own."""

    name: str
    fault: str
    status: dict[str, Any] = field(default_factory=dict)


async def reports(network: Manifest) -> list[OperatorReport]:
    """Every operator's report, asked at the same time; empty for the development keyring."""
    operators = [each for each in network.daemons if each.name.startswith(PREFIX)]
    latest = {each.name: each for each in operators}
    ordered = sorted(latest.values(), key=lambda each: int(each.name.removeprefix(PREFIX)))
    return list(await asyncio.gather(*(_report(each) for each in ordered)))


async def _report(entry: DaemonEntry) -> OperatorReport:
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT, raise_for_status=True) as http,
            http.get(f"{entry.health}/status") as answer,
        ):
            said = await answer.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return OperatorReport(entry.name, f"{type(error).__name__}: {error}")
    if "waiting_for_group" in said:
        return OperatorReport(entry.name, f"waiting for group: {said['waiting_for_group']}")
    return OperatorReport(entry.name, "", said)


def summary(found: list[OperatorReport]) -> str:
    """One line: how many hold the keys, and how many signatures each took part in."""
    answering = [each.status for each in found if not each.fault]
    if not answering:
        return ""
    signed = ", ".join(f"{each['operator']}: {each['signatures']}" for each in answering)
    threshold, members = answering[0]["threshold"], len(answering[0]["members"])
    return f"Every key is held {threshold} of {members}. Signatures by operator: {signed}."
