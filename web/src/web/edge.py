"""What stands around every request: correlation, security headers, the access log, the last resort.

Nothing personal is written: no body, no query, no token, no path but its template; `sub` is a pseudonym.
"""

import re
import time
import traceback
from http import HTTPStatus
from typing import Final
from uuid import uuid4

import structlog
from fastapi.routing import APIRoute
from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web import problems

CORRELATION: Final = "X-Correlation-Id"

_CORRELATION: Final = re.compile(r"[0-9a-fA-F-]{16,64}")
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FRAMES: Final = 12

_log = structlog.get_logger(__name__)


class Edge:
    """The outermost middleware of an API."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        correlation = Headers(scope=scope).get(CORRELATION, "")
        if not _CORRELATION.fullmatch(correlation):
            correlation = str(uuid4())
        scope.setdefault("state", {})["correlation"] = correlation
        telling = _Telling(scope, receive, send, correlation)
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(correlation=correlation):
            try:
                await self._app(scope, receive, telling)
            except Exception as error:  # noqa: BLE001 - the last resort
                _log_fault(error)
                if telling.status is not None:
                    # The server must break the connection off, without our message in its log.
                    raise RuntimeError("the answer was broken off") from None
                await problems.unexpected()(scope, receive, telling)
            finally:
                _log_access(scope, telling.status, time.perf_counter() - started)


class _Telling:
    """A `send` that adds the headers, and tells the framework's bare 413 as a problem."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, correlation: str) -> None:
        self.status: int | None = None
        self._scope = scope
        self._receive = receive
        self._send = send
        self._correlation = correlation
        self._replaced = False

    async def __call__(self, message: Message) -> None:
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            too_large = message["status"] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            if too_large and headers.get("content-type") != problems.MEDIA_TYPE:
                await problems.too_large()(self._scope, self._receive, self)
                self._replaced = True
                return
            self.status = message["status"]
            self._add(headers)
        await self._send(message)

    def _add(self, headers: MutableHeaders) -> None:
        for name, value in _ALWAYS.items():
            headers.setdefault(name, value)
        headers[CORRELATION] = self._correlation
        if self._scope.get("scheme") == "https":
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"


def _log_fault(error: Exception) -> None:
    # The message of an exception may repeat what somebody sent, PostgreSQL's certainly do.
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    ]
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    span = trace.get_current_span()
    span.add_event("exception", {"exception.type": kind, "exception.stacktrace": "\n".join(frames)})
    _log.error("request failed", error=kind, frames=frames)


def _log_access(scope: Scope, status: int | None, seconds: float) -> None:
    route = scope.get("route")
    principal = scope["state"].get("principal")
    _log.info(
        "request",
        method=scope["method"],
        # Outside of our routes it is what the process mounts this API on.
        route=route.path_format if isinstance(route, APIRoute) else None,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        sub=getattr(principal, "sub", None),
    )


def page(content: str, *, policy: str) -> Response:
    """An HTML page with a content security policy of its own."""
    return Response(content, media_type="text/html", headers={"Content-Security-Policy": policy})
