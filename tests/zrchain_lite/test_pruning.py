"""What a node forgets by its settings, and what it keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.zrchain_lite.chain import ALICE, BOB, Chain, transfer
from zrchain_lite.engine import EngineSettings
from zrchain_lite.engine.records import Records, _older_event_prefix
from zrchain_lite.store.kv import Change
from zrchain_lite.tx import tx_hash
from zrchain_lite.verify import faults
from zrsign.node import LedgerSettings

TERM = f"transfer.recipient={BOB.address}"


def grown(folder: Path, blocks: int, config: EngineSettings) -> tuple[Chain, list[bytes]]:
    """A chain with a transfer in each block."""
    chain = Chain(folder, config=config)
    txs = []
    for _ in range(blocks):
        txs.append(chain.tx(ALICE, transfer(ALICE, BOB)))
        chain.block(txs[-1])
    return chain, txs


def heights(records: Records, *, reverse: bool = False) -> list[int]:
    return [height for height, _ in records.with_event(TERM, reverse=reverse)]


def test_blocks_and_events__should_be_forgotten_as_the_settings_say(tmp_path: Path) -> None:
    chain, txs = grown(tmp_path, 40, EngineSettings(keep_blocks=10, keep_events=5))
    records, tip = chain.engine.records, chain.app.tip.height
    first = records.first()
    assert first is not None
    assert first.height == tip - 9
    assert records.block(tip - 10) is None
    assert heights(records) == list(range(tip - 4, tip + 1))
    assert records.tx(tx_hash(txs[-10])) is not None
    assert records.tx(tx_hash(txs[-11])) is None
    kept = {key.partition(b"/")[0] for key, _ in chain.store.chain.iterate(b"")}
    of_blocks = {b"block", b"results", b"commit", b"hash", b"tx", b"span", b"e"}
    assert kept == of_blocks | {b"validators", b"events_from"}
    rows = sum(1 for _ in chain.store.chain.iterate(b""))
    for _ in range(10):
        chain.block(chain.tx(ALICE, transfer(ALICE, BOB)))
    assert sum(1 for _ in chain.store.chain.iterate(b"")) == rows, "it stays as large as it is"
    assert list(faults(chain.store)) == []
    chain.close()


def test_state__should_not_depend_on_what_is_forgotten(tmp_path: Path) -> None:
    whole, _ = grown(tmp_path / "whole", 20, EngineSettings())
    pruned, _ = grown(tmp_path / "pruned", 20, EngineSettings(keep_blocks=3))
    assert whole.app.tip == pruned.app.tip
    whole.close()
    pruned.close()


def test_narrower_settings__should_be_caught_up_with_a_few_heights_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zrchain_lite.engine.pruning.PRUNED_AT_ONCE", 3)
    chain, _ = grown(tmp_path, 12, EngineSettings())
    chain.close()
    chain = Chain(tmp_path, config=EngineSettings(keep_blocks=4))
    seen = []
    for _ in range(6):
        chain.engine.make_block()
        seen.append(chain.engine.records.first_height())
    assert seen == [4, 7, 10, 13, 15, 16]
    assert heights(chain.engine.records) == []
    chain.close()


def test_events_of_an_older_version__should_be_found_and_forgotten(tmp_path: Path) -> None:
    chain, _ = grown(tmp_path, 3, EngineSettings())
    older = _older_event_prefix(TERM)
    rows: list[Change] = [(older + (2).to_bytes(8, "big") + bytes(4), b"")]
    for key, _ in list(chain.store.chain.iterate(b"e/")):
        if key[-12:-4] == (2).to_bytes(8, "big"):
            rows.append((key, None))
    tip = chain.app.tip
    chain.store.commit(tip, [], rows)
    assert heights(chain.engine.records) == [2, 3, 4]
    assert heights(chain.engine.records, reverse=True) == [4, 3, 2]
    chain.close()
    chain = Chain(tmp_path, config=EngineSettings(keep_events=2))
    chain.engine.make_block()
    assert heights(chain.engine.records) == [4]
    assert not list(chain.store.chain.iterate(b"event/"))
    chain.close()


@pytest.mark.parametrize("name", ["keep_blocks", "keep_events"])
def test_settings__should_keep_enough_to_be_found(name: str, tmp_path: Path) -> None:
    def settings_with(count: int) -> LedgerSettings:
        return LedgerSettings.model_validate({"home": tmp_path, "genesis": tmp_path, name: count})

    for count in (0, 100, 10_000):
        settings = settings_with(count)
        assert getattr(settings, name) == count
    for count in (-1, 1, 99):
        with pytest.raises(ValueError, match="100 is the least"):
            settings_with(count)
