"""Sealed records open where they were made, by the code that made them, and nowhere else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zrsign_dmpc.kept.single_use import RolledBack, SingleUseItem
from zrsign_dmpc.run.execution import IdentityKey
from zrsign_operator.enclave.simulated import BadQuote, SimulatedEnclave, measure, verify
from zrsign_operator.errors import SealBroken
from zrsign_operator.keys.holdings import Holdings
from zrsign_operator.keys.sealing import Seal, SealedFiles


@dataclass
class Enclave:
    measurement: bytes = b"m" * 32
    key: bytes = b"k" * 32
    kind: str = "simulated"

    def sealing_key(self) -> bytes:
        return self.key

    def attest(self, report_data: bytes) -> bytes:
        return report_data


def seal(enclave: Enclave | None = None, party: bytes = b"p" * 32, count: int = 5) -> Seal:
    return Seal(enclave or Enclave(), party, lambda: count)


def test_record__should_open_as_it_was() -> None:
    box = seal().close("share", b"name", 3, b"secret")
    assert seal().open("share", b"name", box) == b"secret"
    assert b"secret" not in box
    assert seal().close("share", b"name", 3, b"secret") != box


@pytest.mark.parametrize(
    ("other", "kind", "name"),
    [
        (seal(), "share", b"another"),
        (seal(), "aux", b"name"),
        (seal(party=b"q" * 32), "share", b"name"),
        (seal(Enclave(measurement=b"other code".ljust(32))), "share", b"name"),
        (seal(Enclave(key=b"x" * 32)), "share", b"name"),
        (seal(count=4), "share", b"name"),
    ],
)
def test_record__should_not_open_elsewhere(other: Seal, kind: str, name: bytes) -> None:
    box = seal().close("share", b"name", 3, b"secret")
    with pytest.raises(SealBroken):
        other.open(kind, name, box)


@settings(max_examples=80)
@given(at=st.integers(0, 5000), flip=st.integers(1, 255))
def test_record__should_not_open_when_a_bit_was_changed(at: int, flip: int) -> None:
    box = bytearray(seal().close("share", b"name", 3, b"secret"))
    box[at % len(box)] ^= flip
    with pytest.raises(SealBroken):
        seal().open("share", b"name", bytes(box))


def test_files__should_keep_whole_records_only(tmp_path: Path) -> None:
    files = SealedFiles(tmp_path, "share", seal())
    files.put(b"one", b"first")
    files.put(b"one", b"second")
    (tmp_path / "6f.sealed.new").write_bytes(b"torn")
    again = SealedFiles(tmp_path, "share", seal())
    assert list(again.names()) == [b"one"]
    assert again.get(b"one") == b"second"
    assert (tmp_path / "6f6e65.sealed").stat().st_mode & 0o777 == 0o600
    again.delete(b"one")
    with pytest.raises(KeyError):
        again.get(b"one")


def test_measurement__should_change_with_any_line_of_code(tmp_path: Path) -> None:
    package = tmp_path / "zrsign_dmpc"
    package.mkdir()
    (package / "a.py").write_text("x = 1\n")
    first = measure(tmp_path)
    assert measure(tmp_path) == first
    (package / "a.py").write_text("x = 2\n")
    assert measure(tmp_path) != first
    (package / "a.py").rename(package / "b.py")
    assert len({first, measure(tmp_path)}) == 2


def test_changed_code__should_not_get_the_sealing_key(tmp_path: Path) -> None:
    (tmp_path / "zrsign_dmpc").mkdir()
    (tmp_path / "zrsign_dmpc" / "a.py").write_text("x = 1\n")
    before = SimulatedEnclave(b"r" * 32, b"s" * 32, tmp_path)
    key = before.sealing_key()
    (tmp_path / "zrsign_dmpc" / "a.py").write_text("x = steal()\n")
    assert SimulatedEnclave(b"r" * 32, b"s" * 32, tmp_path).sealing_key() != key
    assert SimulatedEnclave(b"r" * 32, b"t" * 32, tmp_path).sealing_key() != key


def test_quote__should_be_the_roots_own() -> None:
    enclave = SimulatedEnclave(b"r" * 32, b"s" * 32)
    quote = enclave.attest(b"d" * 64)
    assert verify(quote, enclave.root).report_data == b"d" * 64
    other = SimulatedEnclave(b"x" * 32, b"s" * 32)
    for wrong, root in ((quote, other.root), (quote[:-1], enclave.root), (b"", enclave.root)):
        with pytest.raises(BadQuote):
            verify(wrong, root)
    with pytest.raises(BadQuote):
        enclave.attest(b"short")


def test_new_code__should_begin_without_the_old_state_and_its_anchors(tmp_path: Path) -> None:
    """What docs/operators.md says of other code: the state alone is not enough."""
    state, anchors, own = tmp_path / "state", tmp_path / "anchors", IdentityKey(b"i" * 32)
    old = Holdings(state, anchors, Enclave(), own)
    old.single_use.consume(SingleUseItem("nonce", b"one", b"key", 0, (1, 2)))
    old.close()
    shutil.rmtree(state)
    new = Enclave(b"n" * 32, b"n" * 32)
    with pytest.raises(RolledBack):
        Holdings(state, anchors, new, own)
    shutil.rmtree(state)
    for anchor in anchors.glob("*.anchor"):
        anchor.unlink()
    begun = Holdings(state, anchors, new, own)
    assert begun.single_use.count == 0
    begun.close()
