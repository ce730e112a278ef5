"""Traces and metrics: one trace from the request through outbox, Kafka and inbox to the last effect."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from opentelemetry import context as otel_context
from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.outbox import Contexts
from chassis.transaction import Transaction
from contracts.envelope import Envelope

_W3C: Final = TraceContextTextMapPropagator()
_tracer: Final = trace.get_tracer("ieum.chassis")
_meter: Final = metrics.get_meter("ieum.chassis")

events_published: Final = _meter.create_counter("ieum.outbox.published", unit="{event}")
events_handled: Final = _meter.create_counter("ieum.inbox.handled", unit="{event}")
batches_redone: Final = _meter.create_counter("ieum.inbox.redone", unit="{batch}")
commits_failed: Final = _meter.create_counter("ieum.inbox.offset_commits_failed", unit="{commit}")
outbox_depth: Final = _meter.create_gauge("ieum.outbox.depth", unit="{event}")
outbox_age: Final = _meter.create_gauge("ieum.outbox.age", unit="s")
events_parked: Final = _meter.create_gauge("ieum.inbox.parked", unit="{event}")


def start(service: str, *, traces: bool, measures: bool) -> list[TracerProvider | MeterProvider]:
    """Export by OTLP where asked to; answers what has to be shut down at the end."""
    resource = Resource.create({"service.name": service})
    started: list[TracerProvider | MeterProvider] = []
    if traces:
        tracers = TracerProvider(resource=resource)
        tracers.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=65536, schedule_delay_millis=500)
        )
        trace.set_tracer_provider(tracers)
        started.append(tracers)
    if measures:
        meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
        metrics.set_meter_provider(meters)
        started.append(meters)
    return started


def context_of(traceparent: str | None, tracestate: str | None = None) -> otel_context.Context:
    """The trace context that was stored beside a fact; an empty one where there is none."""
    carrier = {"traceparent": traceparent, "tracestate": tracestate}
    return _W3C.extract(
        {name: value for name, value in carrier.items() if value}, context=otel_context.Context()
    )


def _about(envelope: Envelope) -> dict[str, Any]:
    return {
        "messaging.system": "kafka",
        "messaging.message.id": str(envelope.id),
        "messaging.operation.type": "process",
        "cloudevents.event_type": envelope.type,
        "cloudevents.event_subject": envelope.subject,
        "ieum.sequence": envelope.sequence,
    }


def _short(kind: str) -> str:
    return kind.removeprefix("ieum.").removesuffix(".v1")


@contextmanager
def handling(envelope: Envelope) -> Iterator[None]:
    """The span of one event, in the trace it came in."""
    events_handled.add(1, {"type": envelope.type})
    with _tracer.start_as_current_span(
        f"process {_short(envelope.type)}",
        context=context_of(envelope.traceparent, envelope.tracestate),
        kind=SpanKind.CONSUMER,
        attributes=_about(envelope),
    ):
        yield


@contextmanager
def handling_all(tx: Transaction, envelopes: Sequence[Envelope]) -> Iterator[None]:
    """A span for each event of a set, each in its own trace; what answers an event goes on in its trace."""
    contexts = tx.belonging(Contexts)
    with ExitStack() as spans:
        for envelope in envelopes:
            span = _tracer.start_span(
                f"process {_short(envelope.type)}",
                context=context_of(envelope.traceparent, envelope.tracestate),
                kind=SpanKind.CONSUMER,
                attributes=_about(envelope) | {"messaging.batch.message_count": len(envelopes)},
            )
            spans.callback(span.end)
            contexts[envelope.id] = trace.set_span_in_context(span, otel_context.Context())
        events_handled.add(len(envelopes), {"type": envelopes[0].type})
        yield


def published(rows: Sequence[Any]) -> None:
    """A span for each row that Kafka acknowledged: from when it was written to when it was out."""
    events_published.add(len(rows))
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
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
