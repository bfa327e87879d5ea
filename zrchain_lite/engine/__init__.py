"""Engines drive the application: they order transactions, keep blocks, and tell of new ones."""

from zrchain_lite.engine.embedded import EmbeddedEngine, EngineSettings
from zrchain_lite.engine.mempool import MempoolFull
from zrchain_lite.engine.reading import Reading
from zrchain_lite.engine.records import BlockRecord, TxRecord
from zrchain_lite.engine.subscriptions import Committed, SlowSubscriber, Subscription

__all__ = [
    "BlockRecord",
    "Committed",
    "EmbeddedEngine",
    "EngineSettings",
    "MempoolFull",
    "Reading",
    "SlowSubscriber",
    "Subscription",
    "TxRecord",
]
