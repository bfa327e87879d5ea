"""CometBFT as the engine: it orders transactions among validators, the same `App` executes them."""

from zrchain_lite.engine.cometbft.abci import AbciServer, respond
from zrchain_lite.engine.cometbft.engine import CometBftEngine
from zrchain_lite.engine.cometbft.node import CometBftNode, CometBftSettings, StateSync

__all__ = [
    "AbciServer",
    "CometBftEngine",
    "CometBftNode",
    "CometBftSettings",
    "StateSync",
    "respond",
]
