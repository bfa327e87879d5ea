"""What docs/attestation.md shows runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.zrsign_operator.enclave.samples import INTEL_NOW, sample
from zrsign_operator.enclave import errors
from zrsign_operator.enclave.errors import BadQuote

PAGE = (ROOT / "docs" / "attestation.md").read_text()
FILES = {
    "quote.bin": "tdx_quote",
    "collateral/sgx.json": "sgx_quote_collateral.json",
    "collateral/tdx.json": "tdx_quote_collateral.json",
    "vcek.der": "vcek_milan.der",
    "cert_chain.pem": "cert_chain_milan.pem",
}


def test_snippets__should_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, source in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(sample(source))
    monkeypatch.chdir(tmp_path)
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(snippets) == 4
    names: dict[str, Any] = {"now": INTEL_NOW}
    for snippet in snippets:
        exec(snippet, names)
    printed = capsys.readouterr().out
    assert "UpToDate" in printed
    assert "bound to" in printed
    assert len(names["allowed"]) == 2


def test_page__should_name_every_error() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) - {"nitro", "sgx", "simulated"}
    known = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, BadQuote) and value is not BadQuote
    }
    assert listed & known == known
