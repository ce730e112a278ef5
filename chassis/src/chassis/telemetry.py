"""Traces and metrics: one trace from the request through outbox, Kafka and inbox to the last effect."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import metrics, trace
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.outbox import Contexts
from chassis.refusals import rule_of
from chassis.transaction import Transaction
from contracts.envelope import Envelope

_W3C: Final = TraceContextTextMapPropagator()
_tracer: Final = trace.get_tracer("ieum.chassis")
_meter: Final = metrics.get_meter("ieum.chassis")

events_published: Final = _meter.create_counter("ieum.outbox.published", unit="{event}")
events_handled: Final = _meter.create_counter("ieum.inbox.handled", unit="{event}")
streams_begun_late: Final = _meter.create_counter("ieum.inbox.begun_late", unit="{stream}")
batches_redone: Final = _meter.create_counter("ieum.inbox.redone", unit="{batch}")
commits_failed: Final = _meter.create_counter("ieum.inbox.offset_commits_failed", unit="{commit}")
outbox_depth: Final = _meter.create_gauge("ieum.outbox.depth", unit="{event}")
outbox_age: Final = _meter.create_gauge("ieum.outbox.age", unit="s")
inbox_lag: Final = _meter.create_gauge("ieum.inbox.lag", unit="{event}")
events_parked: Final = _meter.create_gauge("ieum.inbox.parked", unit="{event}")


def context_of(traceparent: str | None, tracestate: str | None = None) -> otel_context.Context:
    """The trace context that was stored beside a fact; an empty one where there is none."""
    if traceparent is None:
        return otel_context.Context()
    carrier = {"traceparent": traceparent, "tracestate": tracestate}
    return _W3C.extract(
        {name: value for name, value in carrier.items() if value}, context=otel_context.Context()
    )


def _keeps_spans() -> bool:
    """Whether anybody wants spans; where nobody does, events still pass on the trace they came in."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def _about(envelope: Envelope) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.message.id": str(envelope.id),
        "messaging.operation.type": "process",
        "cloudevents.event_type": envelope.type,
        "cloudevents.event_subject": envelope.subject,
        "ieum.sequence": envelope.sequence,
    }


@contextmanager
def _span(name: str, context: otel_context.Context, attributes: dict[str, Any]) -> Iterator[None]:
    """A consumer's span, linked to the one it is in; a failure leaves its kind there, not its words."""
    with _tracer.start_as_current_span(
        name,
        context=context,
        kind=SpanKind.CONSUMER,
        attributes=attributes,
        links=_to_what_is_around(),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except Exception as error:
            _failed(span, error)
            raise


def _to_what_is_around() -> list[Link] | None:
    around = trace.get_current_span().get_span_context()
    return [Link(around)] if around.is_valid else None


def _failed(span: Span, error: Exception) -> None:
    span.set_status(Status(StatusCode.ERROR, rule_of(error)))


@contextmanager
def batch(size: int) -> Iterator[None]:
    """The span of a batch's transaction, a trace of its own; the spans of its events are linked to it."""
    about = {"messaging.system": "kafka", "messaging.batch.message_count": size}
    with _span("settle batch", otel_context.Context(), about):
        yield


def _short(kind: str) -> str:
    return kind.removeprefix("ieum.").removesuffix(".v1")


@contextmanager
def handling(envelope: Envelope) -> Iterator[None]:
    """The span of one event, in the trace it came in."""
    events_handled.add(1, {"type": envelope.type})
    with _span(
        f"process {_short(envelope.type)}",
        context_of(envelope.traceparent, envelope.tracestate),
        _about(envelope),
    ):
        yield


@contextmanager
def handling_all(tx: Transaction, envelopes: Sequence[Envelope]) -> Iterator[None]:
    """A span for each event of a set, each in its own trace; what answers an event goes on in its trace."""
    contexts = tx.belonging(Contexts)
    events_handled.add(len(envelopes), {"type": envelopes[0].type})
    if not _keeps_spans():
        contexts.update((e.id, context_of(e.traceparent, e.tracestate)) for e in envelopes)
        yield
        return
    spans = [_span_of_a_set(envelope, len(envelopes)) for envelope in envelopes]
    for envelope, span in zip(envelopes, spans, strict=True):
        contexts[envelope.id] = trace.set_span_in_context(span, otel_context.Context())
    try:
        yield
    except Exception as error:
        for span in spans:
            _failed(span, error)
        raise
    finally:
        for span in spans:
            span.end()


def _span_of_a_set(envelope: Envelope, size: int) -> Span:
    return _tracer.start_span(
        f"process {_short(envelope.type)}",
        context=context_of(envelope.traceparent, envelope.tracestate),
        kind=SpanKind.CONSUMER,
        attributes=_about(envelope) | {"messaging.batch.message_count": size},
        links=_to_what_is_around(),
    )


def published(rows: Sequence[Any]) -> None:
    """A span for each row that Kafka acknowledged: from when it was written to when it was out."""
    events_published.add(len(rows))
    if not _keeps_spans():
        return
    end = datetime.now(UTC)  # noqa: TID251 - a span's length is machine time, no rule reads it
    for row in rows:
        headers = _headers(row)
        span = _tracer.start_span(
            f"publish {_short(headers['ce_type'])}",
            context=context_of(headers.get("traceparent"), headers.get("tracestate")),
            kind=SpanKind.PRODUCER,
            start_time=_nanoseconds(row["written_at"]),
            attributes={
                "messaging.system": "kafka",
                "messaging.destination.name": row["topic"],
                "messaging.message.id": headers["ce_id"],
                "messaging.operation.type": "send",
            },
        )
        span.end(_nanoseconds(end))


def _headers(row: Any) -> dict[str, str]:
    headers: dict[str, str] = json.loads(row["headers"])
    return headers


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000
