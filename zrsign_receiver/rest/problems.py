"""RFC 9457 problem details for a router: every error says what was wrong and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from zrchain_lite.errors import Conflict, InvalidArgument, LedgerError, NotFound, Unauthorized
from zrsign_receiver.rest.models import Problem

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5

_KINDS: tuple[tuple[type[LedgerError], int, str, str], ...] = (
    (
        NotFound,
        404,
        "not found",
        "check the identifier; a new event is seen once its block is final, so try again then",
    ),
    (InvalidArgument, 400, "invalid argument", "correct the value that detail names"),
    (Unauthorized, 403, "unauthorized", "use an account that may do this"),
    (Conflict, 409, "conflict", "read the object again and decide anew"),
)


class TooManyStreams(Exception):
    """The server has as many open event streams as it allows."""


class ProblemRoute(APIRoute):
    """A route whose errors are problem details."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler, whose errors become problem details (RFC 9457)."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                return _invalid(request, error)
            except LedgerError as error:
                return _refused(request, error)
            except TooManyStreams as error:
                return problem(
                    request, 503, "too many streams", str(error), "poll the request, or try later"
                )

        return guarded


def problem(request: Request, status: int, title: str, detail: str, next_step: str) -> Response:
    """A response with problem details (RFC 9457): what is wrong and what to do next."""
    content = Problem(
        type="urn:zrsign:problem:" + title.replace(" ", "-"),
        title=title,
        status=status,
        detail=detail,
        instance=request.url.path,
        next_step=next_step,
    )
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status == 503 else None
    return JSONResponse(content.model_dump(), status, headers, media_type=MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for these error statuses."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    described = {400: "Invalid argument", 404: "Not found", 422: "Malformed", 503: "Busy"}
    return {
        status: {"model": Problem, "description": described[status], "content": content}
        for status in statuses
    }


def _refused(request: Request, error: LedgerError) -> Response:
    for kind, status, title, next_step in _KINDS:
        if isinstance(error, kind):
            return problem(request, status, title, str(error), next_step)
    return problem(request, 500, "ledger error", str(error), "see the ledger's log")


def _invalid(request: Request, error: RequestValidationError) -> Response:
    found = [f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors()]
    return problem(
        request, 422, "malformed request", "; ".join(found), "see /docs for every parameter's form"
    )
