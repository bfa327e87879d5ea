"""JSON-RPC 2.0 over HTTP to a chain's node: one call, one typed answer or one typed error.

Bitcoin Core answers errors with HTTP 500 and a JSON body, so the body decides, not the HTTP status.
An error text never holds the URL's user, password or path, where providers put their keys.
"""

from __future__ import annotations

import itertools
import json
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


class NodeRefused(DaemonError):
    """The node answered with an error. `code`, `text` and `data` are the node's own."""

    def __init__(self, method: str, code: int, text: str, data: Any = None):
        super().__init__(f"{method}: {text} (code {code})")
        self.method, self.code, self.text, self.data = method, code, text, data


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
        request = {
            "jsonrpc": "2.0",
            "id": next(self._ids),
            "method": method,
            "params": list(params),
        }
        try:
            status, body = await self._post(request)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NodeUnavailable(
                f"{method}: no answer from {self.endpoint}: {type(error).__name__}. "
                "Check that the node runs and that its URL is right."
            ) from None
        try:
            answer = json.loads(body)
        except ValueError:
            raise NodeUnavailable(
                f"{method}: {self.endpoint} answered HTTP {status} without JSON. "
                "Check the URL and the credentials."
            ) from None
        return self._result(method, answer, status)

    async def _post(self, request: dict[str, Any]) -> tuple[int, bytes]:
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
