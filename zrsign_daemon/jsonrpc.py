"""JSON-RPC 2.0 over HTTP to a chain's node: one call, one typed answer or one typed error.

Bitcoin Core answers errors with HTTP 500 and a JSON body, so the body decides, not the HTTP status.
An error text never holds the URL's user, password or path, where providers put their keys.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import aiohttp
from pydantic import AfterValidator
from yarl import URL

from zrsign_daemon.errors import DaemonError


def _reachable(url: str) -> str:
    try:
        parsed = URL(url)
    except ValueError:
        # What yarl says of it may quote the password.
        parsed = URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError("not the URL of a node. Write it as http://host:port")
    return url


MAX_TEXT = 1000
"""Most characters that are taken of a node's error text."""

NodeUrl = Annotated[str, AfterValidator(_reachable)]
"""Where a node answers: http or https, a host, perhaps a port, a path, user and password."""


class NodeUnavailable(DaemonError, ConnectionError):
    """The node did not answer: connection, time-out, or no JSON-RPC in the body."""


class NodeBusy(NodeUnavailable):
    """The node answers no more calls for now (HTTP 429): ask again, more slowly."""


class NodeRefused(DaemonError):
    """The node answered with an error. `code`, `text` and `data` are the node's own."""

    def __init__(self, method: str, code: int, text: str, data: Any = None):
        super().__init__(f"{method}: {text} (code {code})")
        self.method, self.code, self.text, self.data = method, code, text, data

    @property
    def is_busy(self) -> bool:
        """Whether the same call would be answered later: the node counts calls, and had enough."""
        return self.code == _TOO_MANY or _RATE.search(self.text) is not None


Call = tuple[Any, ...]
"""A method's name, then its parameters."""

_TOO_MANY = 429
# What providers say in the place of HTTP 429.
_RATE = re.compile(r"rate.?limit|too many requests|per second|throughput|throttl", re.IGNORECASE)


class JsonRpc:
    """A client of one node. `url` may carry user and password; `cookie_file` is bitcoind's own."""

    def __init__(self, url: str, *, timeout_s: float = 10.0, cookie_file: Path | None = None):
        parsed = URL(url)
        self.endpoint = f"{parsed.host}:{parsed.explicit_port or parsed.scheme}"
        self._url = parsed.with_user(None)
        self._credentials = (parsed.user, parsed.password or "") if parsed.user else None
        self._cookie_file = cookie_file
        self._ids = itertools.count(1)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._http: aiohttp.ClientSession | None = None
        """Opened by the first call: a session belongs to a running loop."""

    async def call(self, method: str, *params: Any) -> Any:
        """The `result` of one call. Raises NodeUnavailable or NodeRefused."""
        answer, status = await self._exchange(method, self._request(method, *params))
        return self._result(method, answer, status)

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The `result` of each call, or its NodeRefused in that place. Raises NodeUnavailable.

        A node that takes no batch and refuses it whole raises NodeRefused.
        """
        requests = [self._request(*call) for call in calls]
        name = f"a batch of {len(calls)}"
        answers, status = await self._exchange(name, requests)
        if not isinstance(answers, list):
            self._result(name, answers, status)
            raise NodeUnavailable(f"{name}: {self.endpoint} answered with no batch.")
        # A node may answer in any order, and to no id of ours.
        found = {str(each.get("id")): each for each in answers if isinstance(each, dict)}
        return [self._outcome(each, found.get(str(each["id"])), status) for each in requests]

    def _outcome(self, request: dict[str, Any], answer: Any, status: int) -> Any:
        try:
            return self._result(str(request["method"]), answer, status)
        except NodeRefused as refused:
            return refused

    def _request(self, method: str, *params: Any) -> dict[str, Any]:
        ordinal = next(self._ids)
        return {"jsonrpc": "2.0", "id": ordinal, "method": method, "params": list(params)}

    async def _exchange(self, name: str, request: Any) -> tuple[Any, int]:
        """The JSON of the answer, and its HTTP status."""
        try:
            status, body = await self._post(request)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NodeUnavailable(
                f"{name}: no answer from {self.endpoint}: {type(error).__name__}. "
                "Check that the node runs and that its URL is right."
            ) from None
        if status == _TOO_MANY:
            raise NodeBusy(f"{name}: {self.endpoint} takes no more calls for now (HTTP 429).")
        try:
            return json.loads(body), status
        except ValueError:
            raise NodeUnavailable(
                f"{name}: {self.endpoint} answered HTTP {status} without JSON. "
                "Check the URL and the credentials."
            ) from None

    async def _post(self, request: Any) -> tuple[int, bytes]:
        """HTTP status and body."""
        headers = self._headers()
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=self._timeout)
        async with self._http.post(
            self._url, json=request, headers=headers, allow_redirects=False
        ) as response:
            return response.status, await response.read()

    def _result(self, method: str, answer: Any, status: int) -> Any:
        if not isinstance(answer, dict) or not ("result" in answer or "error" in answer):
            raise NodeUnavailable(f"{method}: {self.endpoint} answered HTTP {status}, no JSON-RPC.")
        error = answer.get("error")
        if error is None:
            return answer.get("result")
        if not isinstance(error, dict):
            raise NodeRefused(method, 0, _printable(str(error)))
        text = _printable(str(error.get("message", error)))
        code = error.get("code", 0)
        raise NodeRefused(method, code if isinstance(code, int) else 0, text, error.get("data"))

    def _headers(self) -> dict[str, str]:
        """HTTP Basic, from the URL or from the cookie, which bitcoind writes anew at each start."""
        credentials = self._credentials
        if self._cookie_file is not None:
            try:
                user, _, password = self._cookie_file.read_text().strip().partition(":")
            except OSError as error:
                raise NodeUnavailable(
                    f"Cannot read bitcoind's cookie {self._cookie_file}: {error.strerror}. "
                    "Is bitcoind running?"
                ) from None
            credentials = user, password
        return {"Authorization": aiohttp.encode_basic_auth(*credentials)} if credentials else {}

    async def close(self) -> None:
        """Close the connections to the node."""
        if self._http is not None:
            await self._http.close()


def _printable(text: str) -> str:
    """A node's text as every database and wire takes it: without NUL and halves of pairs."""
    whole = text[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "\ufffd")
