"""The ASGI application of a service's API."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from chassis.settings import ServiceSettings
from chassis.transaction import Pool
from web import audit, documentation, problems
from web.edge import Edge
from web.identity import KeyFile, Verifier

MAX_BODY: Final = 1 << 20
"""Bytes of a request's body; a route that takes files names a limit of its own (`max_body_size`)."""

_AS_SENT: Final = frozenset({"url.path", "url.query"})
_UNTRACED: Final = ("/docs", "/openapi.json", "/livez", "/readyz", "/startupz")


class Runtime(Protocol):
    """What an API needs of the running service."""

    @property
    def pool(self) -> Pool: ...

    @property
    def settings(self) -> ServiceSettings: ...


def api(
    *,
    title: str,
    routers: Sequence[APIRouter],
    description: str = "",
    version: str = "1",
    max_body: int = MAX_BODY,
) -> Callable[[Runtime], FastAPI]:
    """Give the function that builds the application, for `Service(api=…)`.

    The routers' problems, idempotency, security headers, documentation under `/docs`, traces and access log
    are the same in every service, and so are the routes by which auditors read its audit log.
    """

    def build(runtime: Runtime) -> FastAPI:
        app = FastAPI(
            title=title,
            description=description,
            version=version,
            docs_url=None,
            redoc_url=None,
            telemetry=_traces(),
        )
        settings = runtime.settings
        app.state.runtime = runtime
        app.state.verifier = Verifier(
            KeyFile(settings.identity_keys),
            issuer=settings.identity_issuer,
            audience=settings.identity_audience,
        )
        for router in (*routers, audit.router):
            app.include_router(router)
        problems.install(app)
        documentation.install(app)
        app.add_middleware(RequestBodyLimitMiddleware, max_body_size=max_body)
        app.add_middleware(Edge)
        _work_out_routes(app)
        return app

    return build


def _work_out_routes(app: FastAPI) -> None:
    """FastAPI works out included routes when one is first asked for, which takes 0.1 s of that request."""
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "headers": []})


def _traces() -> TelemetryConfig:
    return {
        "tracer_provider": _Discreet(),
        "logs": False,
        "operation_spans": False,
        "exclude": lambda scope: scope["path"].startswith(_UNTRACED),
    }


class _Discreet(trace.TracerProvider):
    """The process's tracer provider, without path and query as sent: the route's template says enough."""

    def get_tracer(self, *args: Any, **options: Any) -> trace.Tracer:
        return _DiscreetTracer(trace.get_tracer(*args, **options))


class _DiscreetTracer(trace.Tracer):
    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: trace.SpanKind = trace.SpanKind.INTERNAL,
        attributes: Mapping[str, Any] | None = None,
        *args: Any,
        **options: Any,
    ) -> trace.Span:
        kept = {key: value for key, value in (attributes or {}).items() if key not in _AS_SENT}
        return self._tracer.start_span(name, context, kind, kept, *args, **options)

    def start_as_current_span(self, *args: Any, **options: Any) -> Any:
        return self._tracer.start_as_current_span(*args, **options)
