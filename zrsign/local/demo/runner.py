"""Runs the programme on a fresh local network and keeps every row up to date while it runs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from zrsign.local.demo import checks
from zrsign.local.demo.flows import Scene
from zrsign.local.demo.programme import acts
from zrsign.local.demo.rows import FlowStatus, Row
from zrsign.local.demo.stage import DemoStage
from zrsign.local.network import committee
from zrsign.local.network.local import LocalNetwork
from zrsign.local.network.motion import Motion, of_network


class Programme:
    """Every flow of the demo. `rows` is what a table shows; it changes while `run` runs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.acts = acts()
        self.deployments = (
            Row("deploy proxy + Direct", "direct", "eip155:31337"),
            Row("deploy proxy + Omni", "omni", "eip155:31337"),
        )
        self.rows = [
            *self.deployments,
            *(row for act in self.acts for scene in act for row, _ in scene.flows),
        ]
        self.total_seconds = 0.0
        self.signers = ""
        """Who held the keys and signed, in one line."""

    @property
    def good(self) -> bool:
        """Whether every flow ended as it should."""
        return all(row.good for row in self.rows)

    async def run(self, network: LocalNetwork) -> None:
        """Every flow; a failed one marks its row, and what stands on it fails too."""
        stage = DemoStage(network)
        motion = of_network(lambda: network.manifest, stage.ledger("user"))
        try:
            await self._deploy(network)
            for act in self.acts:
                await asyncio.gather(*(self._run_scene(stage, motion, scene) for scene in act))
            self.signers = committee.summary(await committee.reports(network.manifest))
        finally:
            await stage.close()

    async def _deploy(self, network: LocalNetwork) -> None:
        started = self.clock()
        for row in self.deployments:
            row.status = FlowStatus.RUNNING
        try:
            contracts = await network.deploy()
        except BaseException:
            for row in self.deployments:
                row.status = FlowStatus.FAILED
            raise
        for row, contract in zip(self.deployments, contracts, strict=True):
            rpc = network.rpc(contract.chain)
            row.destination_tx = await checks.evm_creation(
                rpc, contract.start_block, contract.address
            )
            row.status, row.detail = FlowStatus.CONFIRMED, contract.address
            row.seconds = self.clock() - started

    async def _run_scene(self, stage: DemoStage, motion: Motion, scene: Scene) -> None:
        for row, flow in scene.flows:
            await self._run_flow(motion, row, flow(stage, row))

    async def _run_flow(self, motion: Motion, row: Row, flow: Awaitable[None]) -> None:
        started, row.status = self.clock(), FlowStatus.RUNNING
        try:
            await motion.wait_for(flow)
        except Exception as error:  # noqa: BLE001 - the other flows still count
            row.status = FlowStatus.FAILED
            row.detail = f"{type(error).__name__}: {error}"
        else:
            if row.status is FlowStatus.RUNNING:
                row.status = FlowStatus.CONFIRMED
        row.seconds = self.clock() - started

    def as_json(self) -> dict[str, Any]:
        """The table with its total time in seconds."""
        return {
            "flows": [row.as_json() for row in self.rows],
            "total_seconds": round(self.total_seconds, 2),
            "signers": self.signers,
        }

    def write_json(self, path: Path) -> None:
        """Write the table to `path`."""
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n")
