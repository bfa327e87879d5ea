"""The daemons and their settings classes: what `docs/settings.md` is made of."""

from __future__ import annotations

from typing import Final

from relayer.settings import RelayerSettings
from zrsign.node import LedgerSettings
from zrsign_btc_proxy.settings import ProxySettings
from zrsign_daemon.settings import Settings
from zrsign_dev_keyring.settings import DevKeyringSettings
from zrsign_listener.settings import ListenerSettings
from zrsign_operator.settings import OperatorSettings

DAEMONS: Final[dict[str, type[Settings]]] = {
    "ledger": LedgerSettings,
    "listener": ListenerSettings,
    "relayer": RelayerSettings,
    "btc-proxy": ProxySettings,
    "operator": OperatorSettings,
    "keyring": DevKeyringSettings,
}
"""The settings of each daemon by the word after `zrsign run`."""
