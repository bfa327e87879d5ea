"""Single use: once, ever, through crashes, torn writes, restored backups and full disks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zrsign_dmpc.builders import MemoryAnchor, MemoryJournal, dkg, fresh_ledger
from zrsign_dmpc.group.curves import SECP256K1
from zrsign_dmpc.kept.journals import FileAnchor, FileJournal, JournalDamaged, JournalInUse
from zrsign_dmpc.kept.single_use import (
    EMPTY,
    AlreadyConsumed,
    Head,
    LedgerClosed,
    RolledBack,
    SingleUseItem,
    SingleUseLedger,
)
from zrsign_dmpc.wire.encoding import encode


def item(
    number: int, *, kind: str = "presignature", signers: tuple[int, ...] = (1, 2)
) -> SingleUseItem:
    return SingleUseItem(kind, number.to_bytes(32, "big"), bytes(32), 0, signers)


def test_ledger__should_consume_once() -> None:
    ledger = fresh_ledger()
    ledger.consume(item(1))
    assert ledger.is_consumed("presignature", item(1).item_id)
    assert not ledger.is_consumed("presignature", item(2).item_id)
    with pytest.raises(AlreadyConsumed):
        ledger.consume(item(1))
    ledger.consume(item(2))
    ledger.consume(item(1, kind="frost nonce"))
    assert ledger.count == 3


def test_ledger__should_begin_with_a_head_that_every_journal_begins_with() -> None:
    assert fresh_ledger().count == 0
    assert (EMPTY.count, EMPTY.digest) == (0, b"\x00" * 32)


def test_ledger__should_consume_many_by_one_entry_or_none() -> None:
    journal, anchor = MemoryJournal(), MemoryAnchor()
    ledger = SingleUseLedger(journal, anchor)
    ledger.consume_all([])
    ledger.consume(item(1))
    for refused in ([item(2), item(1)], [item(3), item(2), item(3)]):
        with pytest.raises(AlreadyConsumed):
            ledger.consume_all(refused)
    assert len(journal.entries) == 1
    ledger.consume_all([item(2), item(3)])
    assert len(journal.entries) == anchor.read().count == 2
    assert ledger.head == anchor.read()
    for reopened in (ledger, SingleUseLedger(journal, anchor)):
        assert all(reopened.is_consumed("presignature", item(n).item_id) for n in (1, 2, 3))


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_ledger__should_lose_all_of_a_torn_batch_or_nothing(tmp_path: Path, cut: int) -> None:
    path, batch = tmp_path / "journal", [item(number) for number in range(8)]
    with FileJournal(path) as journal:
        ledger = SingleUseLedger(journal, MemoryAnchor())
        ledger.consume(item(99))
        ledger.consume_all(batch)
    os.truncate(path, path.stat().st_size - cut)
    with FileJournal(path) as journal:
        reopened = SingleUseLedger(journal, MemoryAnchor())
        assert reopened.is_consumed("presignature", item(99).item_id)
        assert not any(reopened.is_consumed(each.kind, each.item_id) for each in batch)


def test_ledger__should_refuse_the_same_item_for_other_signers() -> None:
    ledger = fresh_ledger()
    ledger.consume(item(1, signers=(1, 2)))
    with pytest.raises(AlreadyConsumed):
        ledger.consume(item(1, signers=(1, 3)))


def test_ledger__should_let_a_party_take_part_in_an_execution_once() -> None:
    journal, anchor = MemoryJournal(), MemoryAnchor()
    SingleUseLedger(journal, anchor).claim_execution(dkg(SECP256K1, 2, 3))
    restarted = SingleUseLedger(journal, anchor)
    with pytest.raises(AlreadyConsumed):
        restarted.claim_execution(dkg(SECP256K1, 2, 3))
    restarted.claim_execution(dkg(SECP256K1, 2, 3, b"another execution"))


def test_ledger__should_strike_off_an_execution_for_its_parties_and_epoch_0() -> None:
    journal, execution = MemoryJournal(), dkg(SECP256K1, 2, 3)
    SingleUseLedger(journal, MemoryAnchor()).claim_execution(execution)
    assert journal.read() == [SingleUseItem("execution", execution.sid, b"", 0, (1, 2, 3)).encode()]


class Crash(Exception):
    """The process died here."""


class CrashingAnchor(MemoryAnchor):
    """Dies before or after it has stored a head."""

    def __init__(self, after: bool) -> None:
        super().__init__()
        self.after = after
        self.armed = False

    def advance(self, head: Head) -> None:
        if self.armed and not self.after:
            raise Crash
        super().advance(head)
        if self.armed:
            raise Crash


class CrashingJournal(MemoryJournal):
    """Dies before or after it has stored an entry."""

    def __init__(self, after: bool) -> None:
        super().__init__()
        self.after = after
        self.armed = False

    def append(self, entry: bytes) -> None:
        if self.armed and not self.after:
            raise Crash
        super().append(entry)
        if self.armed:
            raise Crash


@settings(max_examples=60)
@given(
    before=st.lists(st.integers(1, 8), max_size=6, unique=True),
    where=st.sampled_from(["journal", "anchor"]),
    after=st.booleans(),
    rounds=st.integers(1, 3),
)
def test_ledger__should_never_lose_a_consumption_in_a_crash(
    before: list[int], where: str, after: bool, rounds: int
) -> None:
    journal, anchor = CrashingJournal(after), CrashingAnchor(after)
    ledger = SingleUseLedger(journal, anchor)
    for number in before:
        ledger.consume(item(number))
    victim: CrashingJournal | CrashingAnchor = journal if where == "journal" else anchor
    for number in range(100, 100 + rounds):
        victim.armed = True
        with pytest.raises(Crash):
            ledger.consume(item(number))
        # No share was made, and the dying process makes no other.
        with pytest.raises(LedgerClosed):
            ledger.consume(item(999))
        victim.armed = False
        ledger = SingleUseLedger(journal, anchor)
        assert anchor.read().count == len(journal.read())
        for done in before:
            with pytest.raises(AlreadyConsumed):
                ledger.consume(item(done))
    ledger.consume(item(999))


@settings(max_examples=60)
@given(
    early=st.integers(0, 5),
    late=st.integers(1, 5),
    later=st.integers(0, 8),
)
def test_ledger__should_detect_a_restored_backup(early: int, late: int, later: int) -> None:
    journal, anchor = MemoryJournal(), MemoryAnchor()
    ledger = SingleUseLedger(journal, anchor)
    for number in range(early):
        ledger.consume(item(number))
    backup = MemoryJournal(journal.read())
    for number in range(early, early + late):
        ledger.consume(item(number))
    with pytest.raises(RolledBack):
        SingleUseLedger(backup, anchor)
    # Nor does it help to bring the old journal to the same length with other entries.
    unaware = MemoryAnchor()
    forked = SingleUseLedger(backup, unaware)
    for number in range(1000, 1000 + later):
        forked.consume(item(number))
    with pytest.raises(RolledBack):
        SingleUseLedger(backup, anchor)


def test_ledger__should_detect_an_entry_that_was_altered_or_lost() -> None:
    journal, anchor = MemoryJournal(), MemoryAnchor()
    ledger = SingleUseLedger(journal, anchor)
    for number in range(3):
        ledger.consume(item(number))
    entries = journal.read()
    for damaged in (entries[1:], [entries[0], item(9).encode(), entries[2]], entries[::-1], []):
        with pytest.raises(RolledBack):
            SingleUseLedger(MemoryJournal(damaged), anchor)


# On the disk.


def open_ledger(folder: Path) -> tuple[SingleUseLedger, FileJournal]:
    journal = FileJournal(folder / "journal")
    try:
        return SingleUseLedger(journal, FileAnchor(folder / "anchor")), journal
    except RolledBack:
        journal.close()
        raise


def filled(folder: Path, count: int) -> None:
    ledger, journal = open_ledger(folder)
    with journal:
        for number in range(count):
            ledger.consume(item(number))


def test_files__should_remember_over_restarts(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    ledger, journal = open_ledger(tmp_path)
    with journal:
        for number in range(3):
            with pytest.raises(AlreadyConsumed):
                ledger.consume(item(number))
        ledger.consume(item(3))
    assert FileAnchor(tmp_path / "anchor").read().count == 4


def test_files__should_be_held_by_one_process(tmp_path: Path) -> None:
    _, journal = open_ledger(tmp_path)
    with journal, pytest.raises(JournalInUse):
        FileJournal(tmp_path / "journal")
    FileJournal(tmp_path / "journal").close()


@pytest.mark.parametrize("keep", range(0, 40, 3))
def test_files__should_cut_off_a_torn_last_record_that_was_never_durable(
    tmp_path: Path, keep: int
) -> None:
    filled(tmp_path, 2)
    path = tmp_path / "journal"
    whole = path.read_bytes()
    # The crash came while the third record was written, before the anchor moved.
    third = whole[: len(whole) // 2].replace(item(0).encode(), item(2).encode())
    path.write_bytes(whole + third[:keep])
    ledger, journal = open_ledger(tmp_path)
    with journal:
        with pytest.raises(AlreadyConsumed):
            ledger.consume(item(1))
        ledger.consume(item(2))
    ledger, journal = open_ledger(tmp_path)
    with journal, pytest.raises(AlreadyConsumed):
        ledger.consume(item(2))


def test_files__should_cut_off_a_tail_of_zeros(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    path = tmp_path / "journal"
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(4096))
    ledger, journal = open_ledger(tmp_path)
    with journal:
        ledger.consume(item(2))
    assert path.read_bytes().startswith(whole)
    assert len(path.read_bytes()) == len(whole) // 2 * 3


def test_files__should_refuse_a_journal_without_its_last_durable_record(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    path = tmp_path / "journal"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RolledBack):
        open_ledger(tmp_path)


def test_files__should_refuse_a_restored_backup(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    path = tmp_path / "journal"
    backup = path.read_bytes()
    ledger, journal = open_ledger(tmp_path)
    with journal:
        ledger.consume(item(7))
    path.write_bytes(backup)
    with pytest.raises(RolledBack):
        open_ledger(tmp_path)
    path.unlink()
    with pytest.raises(RolledBack):
        open_ledger(tmp_path)


@settings(max_examples=60)
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_files__should_notice_any_flipped_bit(
    tmp_path_factory: pytest.TempPathFactory, position: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    filled(folder, 3)
    path = folder / "journal"
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 1 << bit
    path.write_bytes(bytes(data))
    with pytest.raises((RolledBack, JournalDamaged)):
        open_ledger(folder)


def test_files__should_close_after_a_failed_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, journal = open_ledger(tmp_path)
    ledger.consume(item(1))

    def no_space(descriptor: int) -> None:
        raise OSError("no space left")

    closed_before = ledger.is_closed
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="no space"):
        ledger.consume(item(2))
    monkeypatch.undo()
    assert (closed_before, ledger.is_closed) == (False, True)
    with pytest.raises(LedgerClosed):
        ledger.consume(item(3))
    with pytest.raises(OSError, match="descriptor"):
        journal.append(b"entry")
    ledger, journal = open_ledger(tmp_path)
    with journal:
        # The write may have reached the disk: then the item is gone, which is safe.
        ledger.consume(item(3))


def test_journal__should_bound_its_entries(tmp_path: Path) -> None:
    with FileJournal(tmp_path / "journal") as journal:
        for entry in (b"", bytes(1 << 17)):
            with pytest.raises(ValueError, match="bytes"):
                journal.append(entry)
        assert journal.read() == []


def test_anchor__should_only_move_forward_and_refuse_junk(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "anchor")
    assert anchor.read() == EMPTY
    anchor.advance(Head(2, bytes(32)))
    assert anchor.read() == Head(2, bytes(32))
    for count in (2, 1):
        with pytest.raises(ValueError, match="forward"):
            anchor.advance(Head(count, bytes(32)))
    for junk in (b"junk", b"", b"\x01\x01\0\0\0\0"):
        (tmp_path / "anchor").write_bytes(junk)
        with pytest.raises(JournalDamaged):
            anchor.read()


def test_anchor__should_be_a_step_behind_after_a_torn_write(tmp_path: Path) -> None:
    path, before = tmp_path / "anchor", b""
    for count in range(1, 6):
        head, last = Head(count, bytes([count]) * 32), Head(count - 1, bytes([count - 1]) * 32)
        FileAnchor(path).advance(head)
        after = path.read_bytes()
        assert FileAnchor(path).read() == head
        changed = [at for at in range(len(before)) if before[at] != after[at]]
        for upto in changed:
            end = changed[-1] + 1
            garbage = bytes(byte ^ 0xFF for byte in after[upto:end])
            for torn in (before[upto:end], garbage):
                path.write_bytes(after[:upto] + torn + after[end:])
                assert FileAnchor(path).read() == last
        path.write_bytes(after)
        before = after


def test_anchor_with_both_slots_damaged__should_be_refused(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    for count in (1, 2):
        FileAnchor(path).advance(Head(count, bytes(32)))
    damaged = bytearray(path.read_bytes())
    for at in (0, len(damaged) - 1):
        damaged[at] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(JournalDamaged):
        FileAnchor(path).read()


def test_anchor_of_the_version_before__should_be_read_and_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    path.write_bytes(encode((7, b"d" * 32)))
    anchor = FileAnchor(path)
    assert anchor.read() == Head(7, b"d" * 32)
    with pytest.raises(ValueError, match="forward"):
        anchor.advance(Head(7, bytes(32)))
    for count in (8, 9, 10):
        anchor.advance(Head(count, bytes([count]) * 32))
        assert FileAnchor(path).read() == Head(count, bytes([count]) * 32)
