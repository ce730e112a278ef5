"""Structured logs: JSON lines, static messages with attributes, nothing personal."""

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Final

import structlog
from opentelemetry import trace

PERSONAL: Final = frozenset(
    {
        "name",
        "email",
        "mail",
        "address",
        "phone",
        "birth",
        "body",
        "subject_line",
        "authorization",
        "token",
        "password",
    }
)
"""Attributes that may hold something of a person; their values never reach a log."""


def start(level: str, service: str) -> None:
    """Send all logs of this process, the libraries' too, to standard output as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _traced,
        _redacted,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _of_asyncio],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.dict_tracebacks,
                _without_locals,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("aiokafka", "faststream", "uvicorn.access", "opentelemetry"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    structlog.contextvars.bind_contextvars(service=service)


def _traced(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
    return event


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in PERSONAL & event.keys():
        event[name] = "[redacted]"
    return event


def _of_asyncio(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep of asyncio's messages what they are about; tasks, arguments and exceptions come behind it."""
    record = event.get("_record")
    if record is not None and record.name == "asyncio":
        event["event"] = str(event["event"]).partition("\n")[0].partition("(")[0]
    return event


def _without_locals(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep of an exception its type and where it was raised: messages and locals may hold anything."""
    _strip(event.get("exception") or ())
    return event


def _strip(stacks: Iterable[dict[str, Any]]) -> None:
    for error in stacks:
        error.pop("exc_value", None)
        error.pop("exc_notes", None)
        for frame in error.get("frames", ()):
            frame.pop("locals", None)
        for group in error.get("exceptions", ()):
            _strip(group)
