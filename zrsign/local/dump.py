"""What a bug report needs of a network: logs, settings, versions, the last requests; no secrets.

Only what is named here is packed. A setting whose name says that it is a secret is left out, and of
a URL only scheme, host and port are kept. What files hold that their owner alone may read is
removed from everything, in each form that a log could show it in.
"""

from __future__ import annotations

import base64
import io
import json
import os
import platform
import re
import stat
import tarfile
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zrsign.local.network.manifest import FILE as MANIFEST

REMOVED = "[removed]"
LOG_BYTES = 512 * 1024
"""How much of the end of each log is packed."""
SECRET_FILE_BYTES = 16 * 1024
LEAST = 6
"""Anything shorter is no secret, and would be found everywhere."""
KEY_LENGTH = 12
"""The shortest part of a URL that is taken for a key."""
SECRET_NAME = re.compile(r"(?i)secret|passw|passphrase|token|private|mnemonic|api_?key|cookie$")
PUBLIC_FILES = ("genesis.json", "card.json", MANIFEST)
"""Files whose words are no secrets, though others may not read them."""
NO_SECRETS = ("*.log", "*.sqlite*", "*.mdb", "config/*")
CONSTANT = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)+")
TOKEN = re.compile(r"[A-Za-z0-9+/=_-]{16,}")
URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>]+")


class Secrets:
    """The secrets of a network, and texts without them."""

    def __init__(self, state_dir: Path) -> None:
        """Read all files below `state_dir` that others may not; databases hold no plain ones."""
        public = " ".join(_text(path) for path in _files(state_dir) if _is_public(path))
        found: set[str] = set()
        for path in _files(state_dir):
            if _is_public(path) or not _is_secret(path, state_dir):
                continue
            found.update(_forms(path.read_bytes()))
        self._found = {each for each in found if len(each) >= LEAST and each not in public}

    def add(self, text: str) -> None:
        """One more, such as a password in a setting."""
        if len(text) >= LEAST:
            self._found.add(text)

    def removed(self, text: str) -> str:
        """The text without secrets, and without what URLs say beyond their host."""
        for secret in sorted(self._found, key=len, reverse=True):
            text = text.replace(secret, REMOVED)
        return URL.sub(lambda found: bare_url(found[0]), text)


def bare_url(url: str) -> str:
    """Scheme, host and port: user, password, path and query may be or hold keys."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return REMOVED
    if not host:
        return url
    more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    return f"{parts.scheme}://{host}" + (f"/{REMOVED}" if more else "")


def settings_without(value: Any, secrets: Secrets, name: str = "") -> Any:
    """Settings with the secrets among them left out; what is left out is added to `secrets`."""
    if isinstance(value, Mapping):
        return {key: settings_without(each, secrets, key) for key, each in value.items()}
    if isinstance(value, list):
        return [settings_without(each, secrets, name) for each in value]
    if not isinstance(value, str):
        return value
    if SECRET_NAME.search(name) and not name.endswith(("_file", "_dir")):
        secrets.add(value)
        return REMOVED
    if URL.fullmatch(value) and bare_url(value) != value:
        _add_url(value, secrets)
        return bare_url(value)
    return value


def _add_url(url: str, secrets: Secrets) -> None:
    """Its password, and what in it is long enough for a key; words such as "rpc" are none."""
    parts = urlsplit(url)
    secrets.add(parts.password or "")
    for text in (parts.query, *parts.path.split("/")):
        if len(text) >= KEY_LENGTH:
            secrets.add(text)


def versions() -> dict[str, Any]:
    """What is installed: system, Python, distributions, the programs that were found."""
    from zrsign.local.tools import survey

    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "distributions": {each.name: each.version for each in distributions()},
        "tools": {each.name: each.found.version for each in survey() if each.found},
        "variables": sorted(name for name in os.environ if name.startswith("ZRSIGN_")),
    }


def pack(target: Path, state_dir: Path, more: Mapping[str, Any]) -> list[str]:
    """Write the archive, readable for its owner alone; the names of what is in it.

    `more` holds further contents by name, to be written as JSON. Raises OSError, FileExistsError
    too.
    """
    secrets = Secrets(state_dir)
    contents = {f"config/{path.name}": _settings(path, secrets) for path in _configs(state_dir)}
    contents[MANIFEST] = _text(state_dir / MANIFEST)
    contents |= {name: json.dumps(each, indent=1, default=str) for name, each in more.items()}
    for path in sorted((state_dir / "logs").glob("*.log")):
        contents[f"logs/{path.name}"] = _tail(path)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in contents.items():
            _add(archive, name, secrets.removed(text))
    return sorted(contents)


def _add(archive: tarfile.TarFile, name: str, text: str) -> None:
    raw = text.encode()
    entry = tarfile.TarInfo(f"zrsign-dump/{name}")
    entry.size, entry.mode = len(raw), 0o600
    archive.addfile(entry, io.BytesIO(raw))


def _settings(path: Path, secrets: Secrets) -> str:
    try:
        values = json.loads(path.read_text())
    except ValueError:
        return f"{path.name} is not JSON"
    return json.dumps(settings_without(values, secrets), indent=1)


def _configs(state_dir: Path) -> list[Path]:
    return sorted((state_dir / "config").glob("*.json"))


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_BYTES))
        return file.read().decode(errors="replace")


def _files(state_dir: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(state_dir):
        for name in names:
            yield Path(folder) / name


def _is_public(path: Path) -> bool:
    return path.name in PUBLIC_FILES


def _is_secret(path: Path, state_dir: Path) -> bool:
    """Whether its owner alone may read it, and it is a key or a password and no database."""
    found = path.lstat()
    private = not found.st_mode & 0o077 and 0 < found.st_size <= SECRET_FILE_BYTES
    inside = path.relative_to(state_dir)
    known = any(inside.match(pattern) for pattern in NO_SECRETS)
    return private and stat.S_ISREG(found.st_mode) and not known


def _text(path: Path) -> str:
    return path.read_bytes()[:LOG_BYTES].decode(errors="replace")


def _forms(raw: bytes) -> Iterator[str]:
    """A file's content, and each of its words, as logs could show them."""
    for each in {raw, raw.strip()}:
        yield each.hex()
        yield each.hex().upper()
        yield base64.b64encode(each).decode().rstrip("=")
        yield base64.urlsafe_b64encode(each).decode().rstrip("=")
        yield repr(each)[2:-1]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    for word in (text.strip(), *TOKEN.findall(text)):
        if CONSTANT.fullmatch(word):
            continue
        yield from (word, word.lower(), word.upper())
        with_bytes = word.removeprefix("0x")
        if re.fullmatch(r"([0-9a-fA-F]{2}){16,}", with_bytes):
            yield base64.b64encode(bytes.fromhex(with_bytes)).decode().rstrip("=")
            yield str(int(with_bytes, 16))
            yield repr(bytes.fromhex(with_bytes))[2:-1]
