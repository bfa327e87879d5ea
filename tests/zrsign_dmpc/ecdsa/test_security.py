"""Levels: consistent, strong enough outside tests, and part of every transcript."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.zrsign_dmpc.ecdsa.builders import TINY
from zrsign_dmpc.ecdsa.errors import InsecureLevelError
from zrsign_dmpc.ecdsa.security import LEVELS, PAILLIER_2048, PAILLIER_3072


def test_levels__should_be_named_and_strong() -> None:
    assert LEVELS == {"PAILLIER_3072": PAILLIER_3072, "PAILLIER_2048": PAILLIER_2048}
    assert (PAILLIER_3072.security, PAILLIER_3072.m, PAILLIER_3072.modulus) == (128, 128, 3072)
    assert (PAILLIER_2048.security, PAILLIER_2048.m, PAILLIER_2048.modulus) == (112, 112, 2048)


@pytest.mark.parametrize(
    "change",
    [
        {"epsilon": 229},
        {"ell_prime": 841},
        {"modulus": 1440},
        {"m": 127},
        {"challenge": 127},
        {"m_root": 7},
        {"modulus": 3073},
    ],
)
def test_level__should_refuse_parameters_that_break_a_condition(change: dict[str, int]) -> None:
    with pytest.raises(InsecureLevelError, match="breaks its condition"):
        replace(PAILLIER_3072, **change)  # type: ignore[arg-type]


def test_tiny_level__should_not_exist_outside_tests() -> None:
    code = f"from zrsign_dmpc.ecdsa.security import SecurityLevel; SecurityLevel(*{TINY.items()!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "InsecureLevelError" in done.stderr


def test_items__should_cover_every_parameter() -> None:
    names = ("security", "modulus", "ell", "ell_prime", "epsilon", "challenge", "m", "m_root")
    for name in names:
        assert getattr(TINY, name) in TINY.items()
    assert TINY.items() != replace(TINY, statistical=39).items()
