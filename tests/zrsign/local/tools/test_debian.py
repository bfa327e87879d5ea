"""Which archive of the machine's own apt is asked for bitcoind."""

from __future__ import annotations

from pathlib import Path

import pytest

from zrsign.local.tools.debian import BitcoinKnots, mirrors, source_list
from zrsign.local.tools.errors import InstallFailed

DEBIAN = "Debian|bookworm|main|http://mirror.test/debian/"


def test_mirrors__should_be_debians_own_main_archives_once_each() -> None:
    lines = [
        DEBIAN,
        "Debian|bookworm-updates|main|http://mirror.test/debian/",
        "Debian|bookworm-security|main|http://mirror.test/debian-security/",
        "Debian|bookworm|contrib|http://contrib.test/debian/",
        "Node Source|nodistro|main|http://node.test/",
    ]
    assert mirrors("\n".join(lines)) == ["http://mirror.test/debian/"]


def test_mirrors__should_keep_lists_that_were_never_updated_after_known_ones() -> None:
    lines = ["|trixie|main|http://new.test/debian/", DEBIAN]
    assert mirrors("\n".join(lines)) == ["http://mirror.test/debian/", "http://new.test/debian/"]


def test_mirrors__should_be_empty_where_apt_knows_no_archive() -> None:
    assert mirrors("") == []


def test_source_list__should_name_the_keyring_that_checks_the_signature() -> None:
    text = source_list("http://mirror.test/debian/", "amd64", Path("/keys/debian.gpg"))
    assert "Suites: unstable\n" in text
    assert "Signed-By: /keys/debian.gpg\n" in text


def test_machine_without_apt__should_be_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallFailed, match=r"not a Debian .* set BITCOIND to its path"):
        BitcoinKnots().build(tmp_path / "bitcoin", tmp_path / "scratch")
