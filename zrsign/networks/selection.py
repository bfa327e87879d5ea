"""Which network a command or a program works with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from zrsign.errors import UsageError
from zrsign.networks.network import Network
from zrsign.networks.profiles import LOCAL, Profile, read_profiles

VARIABLE = "ZRSIGN_PROFILE"
_chosen: ContextVar[str] = ContextVar("profile", default="")


@contextmanager
def chosen(profile: str) -> Iterator[None]:
    """Let what runs inside use this profile; with an empty name nothing changes."""
    token = _chosen.set(profile or _chosen.get())
    try:
        yield
    finally:
        _chosen.reset(token)


def load(state_dir: Path | None = None, *, profile: str = "") -> Network:
    """The network of a state directory, or of a profile; "local" is the one of `zrsign up`.

    Where neither is named: the profile of `ZRSIGN_PROFILE`, else the default one of the profiles,
    else the local network. Raises ManifestError, UsageError.
    """
    named = profile or _chosen.get()
    if named and state_dir is not None:
        raise UsageError(f"Which network: {state_dir} or {named}?", "Name one of the two.")
    found = None if state_dir is not None else profile_in_use(profile)
    if found is not None:
        return found
    from zrsign.local.network import manifest

    return manifest.load(state_dir)


def profile_in_use(profile: str = "") -> Profile | None:
    """The profile that commands work with; None for the local network. Raises ManifestError."""
    profiles = read_profiles()
    named = profile or _chosen.get() or os.environ.get(VARIABLE) or profiles.default
    return None if named == LOCAL else profiles.profile(named)
