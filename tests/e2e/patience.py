"""An SDK client whose answers are waited for as long as the network works on them."""

from __future__ import annotations

from collections.abc import Callable

from tests import waiting
from zrchain_lite.client import LedgerClient
from zrchain_lite.wire.zrsign.receiver import receiver_pb2 as wire
from zrsign.local.network.committee import reports
from zrsign.local.network.manifest import Manifest
from zrsign.sdk import Receiver, RequestRef, ZrSign
from zrsign.sdk.answers import is_final
from zrsign.sdk.waiting import Tell


class Patient(Receiver):
    """`network` gives the manifest, which changes when operators join."""

    def __init__(self, client: LedgerClient, network: Callable[[], Manifest]) -> None:
        super().__init__(client)
        self._network = network

    async def wait(
        self,
        ref: RequestRef,
        timeout_s: float | None = None,
        until: Callable[[wire.Request], bool] = is_final,
        tell: Tell | None = None,
    ) -> wire.Request:
        """The request once `until` holds or it is final; `timeout_s` does not count."""

        async def ended() -> wire.Request | None:
            seen = await self.by_source(ref)
            return seen if seen is not None and (until(seen) or is_final(seen)) else None

        async def moves() -> object:
            return await self.by_source(ref), await reports(self._network())

        return await waiting.until(ended, f"{ref} is finished", moves)


def patient(client: ZrSign, network: Callable[[], Manifest]) -> ZrSign:
    """The same client, without a time-out."""
    return ZrSign(client.contract, Patient(client.receiver.client, network))
