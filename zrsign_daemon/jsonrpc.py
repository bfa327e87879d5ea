"""JSON-RPC 2.0 over HTTP to a chain's node: one call, one typed answer or one typed error.

Bitcoin Core answers errors with HTTP 500 and a JSON body, so the body decides, not the HTTP status.
An error text never holds the URL's user, password or path, where providers put their keys.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Annotated, Any

import httpx
from pydantic import AfterValidator

from zrsign_daemon.errors import DaemonError


def _reachable(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{error}. Write it as http://host:port") from None
    port_fits = parsed.port is None or parsed.port < 1 << 16
    if parsed.scheme not in ("http", "https") or not parsed.host or not port_fits:
        raise ValueError("not the URL of a node. Write it as http://host:port")
    return url


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

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 10.0,
        cookie_file: Path | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ):
        parsed = httpx.URL(url)
        self.endpoint = f"{parsed.host}:{parsed.port or parsed.scheme}"
        self._url = parsed.copy_with(username=None, password=None)
        self._url_auth: httpx.Auth = (
            httpx.BasicAuth(parsed.username, parsed.password) if parsed.username else httpx.Auth()
        )
        self._cookie_file = cookie_file
        self._ids = itertools.count(1)
        self._http = httpx.AsyncClient(timeout=timeout_s, transport=transport, trust_env=False)

    async def call(self, method: str, *params: Any) -> Any:
        """The `result` of one call. Raises NodeUnavailable or NodeRefused."""
        request = {
            "jsonrpc": "2.0",
            "id": next(self._ids),
            "method": method,
            "params": list(params),
        }
        try:
            response = await self._http.post(self._url, json=request, auth=self._auth())
        except httpx.HTTPError as error:
            raise NodeUnavailable(
                f"{method}: no answer from {self.endpoint}: {type(error).__name__}. "
                "Check that the node runs and that its URL is right."
            ) from None
        try:
            answer = response.json()
        except ValueError:
            raise NodeUnavailable(
                f"{method}: {self.endpoint} answered HTTP {response.status_code} without JSON. "
                "Check the URL and the credentials."
            ) from None
        return self._result(method, answer, response.status_code)

    def _result(self, method: str, answer: Any, status: int) -> Any:
        if not isinstance(answer, dict) or not ("result" in answer or "error" in answer):
            raise NodeUnavailable(f"{method}: {self.endpoint} answered HTTP {status}, no JSON-RPC.")
        error = answer.get("error")
        if error is None:
            return answer.get("result")
        if not isinstance(error, dict):
            raise NodeRefused(method, 0, str(error))
        text = str(error.get("message", error))
        code = error.get("code", 0)
        raise NodeRefused(method, code if isinstance(code, int) else 0, text, error.get("data"))

    def _auth(self) -> httpx.Auth:
        if self._cookie_file is None:
            return self._url_auth
        try:
            user, _, password = self._cookie_file.read_text().strip().partition(":")
        except OSError as error:
            raise NodeUnavailable(
                f"Cannot read bitcoind's cookie {self._cookie_file}: {error.strerror}. "
                "Is bitcoind running?"
            ) from None
        return httpx.BasicAuth(user, password)

    async def close(self) -> None:
        await self._http.aclose()
