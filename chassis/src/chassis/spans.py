"""Spans on their way out by OTLP, without the words of exceptions; imported where traces are asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from chassis.exporting import ExportSettings
from chassis.resource import resource_of


def start(service: str, settings: ExportSettings) -> TracerProvider:
    """Export the spans of this process; answers what has to be shut down at the end."""
    tracers = TracerProvider(resource=resource_of(service))
    tracers.add_span_processor(
        BatchSpanProcessor(
            Discreet(OTLPSpanExporter()),
            max_queue_size=settings.otel_bsp_max_queue_size,
            schedule_delay_millis=settings.otel_bsp_schedule_delay,
        )
    )
    trace.set_tracer_provider(tracers)
    return tracers


class Discreet(SpanExporter):
    """Exports spans without the words of exceptions: PostgreSQL's repeat what stands in a row."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_without_words(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def _without_words(span: ReadableSpan) -> ReadableSpan:
    if not span.events and not span.status.description:
        return span
    said = span.status.description
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[
            Event(event.name, _without_message(event.attributes), event.timestamp) for event in span.events
        ],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code, said.partition(":")[0] if said else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without_message(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    kept = dict(attributes or {})
    if "exception.message" in kept:
        kept = {name: value for name, value in kept.items() if name == "exception.type"}
    return kept
