"""Handing this machine's pip configuration to uv."""

from __future__ import annotations

from pathlib import Path

from scripts.environment import pip_settings, uv_settings


def test_pip_variables__should_win_over_pip_files_in_any_order() -> None:
    listing = ":env:.index-url='https://env.test/simple'\nglobal.index-url='https://file.test'\n"
    assert pip_settings(listing) == {"index-url": "https://env.test/simple"}


def test_settings_of_other_commands__should_not_count() -> None:
    listing = "download.index-url='https://other.test'\ninstall.cert='/ca.pem'\n"
    assert pip_settings(listing) == {"cert": "/ca.pem"}


def test_indexes_and_certificate__should_reach_uv(tmp_path: Path) -> None:
    translated = uv_settings(
        {
            "index-url": "https://mirror.test/simple",
            "extra-index-url": "\nhttps://a.test\nhttps://b.test",
            "find-links": f"{tmp_path} /not/there https://wheels.test",
            "cert": "/ca.pem",
        }
    )
    assert translated["UV_DEFAULT_INDEX"] == "https://mirror.test/simple"
    assert translated["UV_INDEX"] == "https://a.test https://b.test"
    assert translated["UV_FIND_LINKS"] == f"{tmp_path},https://wheels.test"
    assert translated["SSL_CERT_FILE"] == "/ca.pem"


def test_plain_pip__should_leave_uv_at_its_indexes() -> None:
    assert uv_settings({}) == {"UV_NO_PROGRESS": "1", "UV_COMPILE_BYTECODE": "1"}
