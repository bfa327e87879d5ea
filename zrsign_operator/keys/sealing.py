"""Sealed records: AES-256-GCM under a key that the enclave releases to the measured code only.

A record's header says whose it is: party, kind, key, epoch, measurement, counter. It is the
associated data, so a record that is moved to another name, epoch or operator does not open. The
counter is the journal's length when the record was made: a record from the future of a journal
that was rolled back does not open either.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zrsign_dmpc.errors import EncodingError
from zrsign_dmpc.wire.records import Record
from zrsign_operator.errors import SealBroken

NONCE_BYTES: Final = 12
_SEALED: Final = ".sealed"
_DRAFT: Final = ".new"


class Enclave(Protocol):
    """What holds an operator's secrets together: real hardware, or its simulation."""

    @property
    def kind(self) -> str:
        """Kind of enclave, in the words of the ledger's allow-list, for instance "simulated"."""

    @property
    def measurement(self) -> bytes:
        """Digest of the code that runs."""

    def sealing_key(self) -> bytes:
        """32 bytes that only this code on this machine gets."""

    def attest(self, report_data: bytes) -> bytes:
        """A quote over 64 bytes of the caller's."""


@dataclass(frozen=True)
class Header(Record):
    """What a sealed record belongs to. Public."""

    TAG: ClassVar[str] = "sealed-header"

    party: bytes
    """The operator's identity key."""
    kind: str
    name: bytes
    """The record's name within its kind: a key id, or a presignature's id."""
    epoch: int
    measurement: bytes
    counter: int


@dataclass(frozen=True)
class Sealed(Record):
    """A record as it lies on the disk."""

    TAG: ClassVar[str] = "sealed"

    header: Header
    nonce: bytes
    box: bytes


class Seal:
    """Seals and opens records of one operator."""

    def __init__(self, enclave: Enclave, party: bytes, counter: Callable[[], int]) -> None:
        self._cipher = AESGCM(enclave.sealing_key())
        self._measurement = enclave.measurement
        self._party = party
        self._counter = counter

    def close(self, kind: str, name: bytes, epoch: int, secret: bytes) -> bytes:
        """The sealed record."""
        header = Header(self._party, kind, name, epoch, self._measurement, self._counter())
        nonce = secrets.token_bytes(NONCE_BYTES)
        return Sealed(header, nonce, self._cipher.encrypt(nonce, secret, header.encode())).encode()

    def open(self, kind: str, name: bytes, data: bytes, *, any_age: bool = False) -> bytes:
        """The secret; of `any_age` when the journal was lost. Raises SealBroken."""
        try:
            sealed = Sealed.decode(data)
        except EncodingError as error:
            raise SealBroken(f"a sealed {kind} is damaged: {error}") from None
        header = sealed.header
        if (header.party, header.kind, header.name) != (self._party, kind, name):
            raise SealBroken(f"a sealed {kind} lies where another record belongs")
        if header.measurement != self._measurement:
            raise SealBroken(
                f"a sealed {kind} belongs to code with measurement {header.measurement.hex()}, "
                f"this is {self._measurement.hex()}: run that version, or restore from a reshare"
            )
        if header.counter > self._counter() and not any_age:
            raise SealBroken(f"a sealed {kind} is newer than the journal: the journal is old")
        try:
            return self._cipher.decrypt(sealed.nonce, sealed.box, header.encode())
        except (InvalidTag, ValueError):
            raise SealBroken(f"a sealed {kind} does not open with this enclave's key") from None


class SealedFiles:
    """Sealed records of one kind, a file each, in a directory of their own."""

    def __init__(self, directory: Path, kind: str, seal: Seal) -> None:
        self._directory, self._kind, self._seal = directory, kind, seal
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for draft in directory.glob(f"*{_DRAFT}"):
            # A write that never returned.
            draft.unlink()

    def put(self, name: bytes, secret: bytes, epoch: int = 0) -> None:
        """Durable when it returns; a crash leaves the whole record or none. Raises OSError."""
        write_durably(self._path(name), self._seal.close(self._kind, name, epoch, secret))

    def get(self, name: bytes, *, any_age: bool = False) -> bytes:
        """Raises KeyError, SealBroken."""
        try:
            data = self._path(name).read_bytes()
        except FileNotFoundError:
            raise KeyError(name.hex()) from None
        return self._seal.open(self._kind, name, data, any_age=any_age)

    def delete(self, name: bytes) -> None:
        """Forget it, if it is there. Not flushed: whoever must not use it again asks a journal."""
        self._path(name).unlink(missing_ok=True)

    def erase(self, names: Iterable[bytes]) -> None:
        """Forget these for good: durable when it returns. Raises OSError."""
        for name in names:
            self.delete(name)
        _flush(self._directory)

    def names(self) -> Iterator[bytes]:
        """The oldest first."""
        written = {path: path.stat().st_mtime_ns for path in self._directory.glob(f"*{_SEALED}")}
        for path in sorted(written, key=written.__getitem__):
            yield bytes.fromhex(path.name.removesuffix(_SEALED))

    def _path(self, name: bytes) -> Path:
        return self._directory / (name.hex() + _SEALED)


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file (mode 0600) and flush it and its directory."""
    draft = path.with_name(path.name + _DRAFT)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
