"""What counts as progress of a network: without it, a wait for what never comes would never end."""

from __future__ import annotations

from tests.e2e.keyring_network import work_of


def test_failures_that_repeat__should_be_no_progress() -> None:
    status = {"running": [], "steps": 5, "conduct": {"2": {"owed": 41.4}}, "epochs": {"1": 4}}
    later = {**status, "steps": 9, "conduct": {"2": {"owed": 86.4}}}
    assert work_of(status) == work_of(later)


def test_steps_of_what_runs__should_be_progress() -> None:
    status = {"running": ["aux"], "steps": 5, "conduct": {}}
    assert work_of(status) != work_of({**status, "steps": 6})
