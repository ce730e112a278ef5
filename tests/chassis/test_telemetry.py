"""Traces and logs: one trace across all hops, and nothing of anybody's data in either."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from tests.chassis.conftest import Bench, Make
from tests.chassis.records import Record
from tests.chassis.tally import COUNTS, THINGS

from chassis import telemetry
from chassis.consumer import Consumer
from chassis.exporting import ExportSettings
from chassis.spans import Discreet
from chassis.transaction import Command, Transaction, begin

SECRET = "someone@example.invalid"


class Spans(InMemorySpanExporter):
    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.get_finished_spans() if span.name == name]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spans]:
    """The spans of this process, as they would leave it."""
    kept = Spans()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(Discreet(kept)))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    yield kept
    provider.shutdown()


async def delivered(bench: Bench) -> list[Record]:
    """The outbox as records, in order."""
    async with begin(bench.pool, Command(actor="tester")) as tx:
        rows = await tx.fetch("delete from messaging.outbox returning *")
    return [
        Record(
            topic=row["topic"],
            key=row["key"].encode(),
            value=row["value"],
            headers=[(name, value.encode()) for name, value in json.loads(row["headers"]).items()],
        )
        for row in sorted(rows, key=lambda row: row["seq"])
    ]


@pytest.mark.parametrize("in_sets", [False, True])
async def test_each_event_goes_on_in_the_trace_it_came_in(
    make_bench: Make, spans: Spans, *, in_sets: bool
) -> None:
    bench = await make_bench("localhost:1", THINGS, COUNTS, in_sets=in_sets)
    tracer = trace.get_tracer_provider().get_tracer("test")
    for thing in "ab":
        with tracer.start_as_current_span(f"request {thing}"):
            await bench.tell(bench.tally.happened(thing=thing))
    consumer = Consumer("applications", bench.tally.inbox, bench.pool, bench.bootstrap)
    await consumer.settle(await delivered(bench))
    answers = {record.key: dict(record.headers)["traceparent"] for record in await delivered(bench)}
    processed = spans.named("process test.thing-happened")
    assert len(processed) == 2
    (batch,) = spans.named("settle batch")
    for thing in "ab":
        (request,) = spans.named(f"request {thing}")
        (span,) = [
            each for each in processed if (each.attributes or {})["cloudevents.event_subject"] == thing
        ]
        assert span.context.trace_id == request.context.trace_id
        assert span.parent is not None
        assert span.parent.span_id == request.context.span_id
        assert [link.context.span_id for link in span.links] == [batch.context.span_id]
        answer = (answers[thing.encode()] or b"").decode()
        assert answer.split("-")[1:3] == [f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"]
    assert batch.context.trace_id not in {span.context.trace_id for span in processed}


@pytest.mark.parametrize("in_sets", [False, True])
async def test_a_failure_leaves_its_kind_in_the_trace_but_not_its_words(
    make_bench: Make, spans: Spans, *, in_sets: bool
) -> None:
    bench = await make_bench("localhost:1", THINGS, COUNTS, in_sets=in_sets)

    async def fails(tx: Transaction, _: object) -> None:
        await tx.execute("insert into tally (thing, total, events) values ($1, 1, 1)", SECRET)
        await tx.execute("insert into tally (thing, total, events) values ($1, 1, 1)", SECRET)

    inbox, kind = bench.tally.inbox, bench.tally.happened.type
    if in_sets:
        inbox._sets[kind] = fails  # noqa: SLF001 - a failing twin of the handler
    else:
        inbox._single[kind] = fails  # noqa: SLF001 - the same
    await bench.tell(bench.tally.happened(thing="a"))
    await Consumer("applications", inbox, bench.pool, bench.bootstrap).settle(await delivered(bench))
    assert await bench.value("select detail from messaging.parked") == "UniqueViolationError"
    failed = spans.named("process test.thing-happened")
    assert {span.status.status_code for span in failed} == {StatusCode.ERROR}
    assert {span.status.description for span in failed} == {"UniqueViolationError"}
    assert SECRET not in "".join(span.to_json() for span in spans.get_finished_spans())


def test_what_others_write_into_spans_leaves_without_words(spans: Spans) -> None:
    """The instrumentation of asyncpg records exceptions whole, with the row that PostgreSQL quotes."""
    tracer = trace.get_tracer_provider().get_tracer("other")
    with pytest.raises(ValueError, match="row"), tracer.start_as_current_span("INSERT", attributes={"a": 1}):
        raise ValueError(f"row ({SECRET})")
    (span,) = spans.named("INSERT")
    assert SECRET not in span.to_json()
    assert span.attributes == {"a": 1}
    assert [dict(event.attributes or {}) for event in span.events] == [{"exception.type": "ValueError"}]
    assert span.status.description == "ValueError"


def run(program: str) -> tuple[list[dict[str, object]], str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()], done.stdout + done.stderr


def test_logs_are_json_and_hold_nothing_personal() -> None:
    lines, output = run(
        f"""
import structlog
from chassis import logs
logs.start("INFO", "applications")
log = structlog.get_logger()
log.info("contact saved", email="{SECRET}", party="sch_1")
def fails(secret):
    error = ValueError(secret)
    error.add_note(secret)
    raise ExceptionGroup(secret, [error])
try:
    fails("{SECRET}")
except ExceptionGroup:
    log.exception("not saved")
"""
    )
    assert [line["event"] for line in lines] == ["contact saved", "not saved"]
    assert lines[0]["party"] == "sch_1"
    assert "ExceptionGroup" in output
    assert "ValueError" in output
    assert SECRET not in output


def test_what_asyncio_says_of_tasks_and_callbacks_holds_nothing_personal() -> None:
    """It writes exceptions and arguments into its messages."""
    lines, output = run(
        f"""
import asyncio, gc
from chassis import logs
logs.start("INFO", "applications")
async def fails(secret):
    raise ValueError(secret)
def falls(secret):
    raise KeyError(secret)
async def main():
    task = asyncio.create_task(fails("{SECRET}"))
    asyncio.get_running_loop().call_soon(falls, "{SECRET}")
    await asyncio.sleep(0.01)
    del task
    gc.collect()
asyncio.run(main())
"""
    )
    assert SECRET not in output
    assert [str(line["event"]).strip() for line in lines] == [
        "Exception in callback falls",
        "Task exception was never retrieved",
    ]
    kinds = [line["exception"][0]["exc_type"] for line in lines]  # type: ignore[index]  # JSON
    assert kinds == ["KeyError", "ValueError"]


class Collector(ThreadingHTTPServer):
    """Where OTLP goes: what was sent to which path, and by which service."""

    def __init__(self) -> None:
        self.spans: list[ExportTraceServiceRequest] = []
        self.measures = 0
        super().__init__(("127.0.0.1", 0), Collecting)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def services(self) -> set[str]:
        return {
            attribute.value.string_value
            for request in self.spans
            for spans in request.resource_spans
            for attribute in spans.resource.attributes
            if attribute.key == "service.name"
        }


class Collecting(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/traces":
            self.server.spans.append(ExportTraceServiceRequest.FromString(body))
        self.server.measures += self.path == "/v1/metrics"
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def export(**environment: str) -> None:
    """Tell a span and a measure as a service with these settings does."""
    program = """
from chassis import telemetry
from chassis.exporting import ExportSettings
from chassis.serving import exporters
started = exporters("applications", ExportSettings())
with telemetry.batch(1):
    telemetry.events_published.add(1)
for one in started:
    one.shutdown()
"""
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)


EVERYWHERE, SPANS, MEASURES = (
    f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT" for signal in ("", "TRACES_", "METRICS_")
)


@pytest.mark.parametrize(
    ("settings", "spans", "measures"),
    [
        ({EVERYWHERE: ""}, True, True),
        ({SPANS: "/v1/traces"}, True, False),
        ({MEASURES: "/v1/metrics"}, False, True),
        ({EVERYWHERE: "", "OTEL_TRACES_EXPORTER": "none"}, False, True),
        ({EVERYWHERE: "", "OTEL_METRICS_EXPORTER": "none", "OTEL_TRACES_EXPORTER": ""}, True, False),
        ({EVERYWHERE: "", "OTEL_SDK_DISABLED": "true"}, False, False),
        ({EVERYWHERE: "", "OTEL_TRACES_SAMPLER": "always_off"}, False, True),
    ],
)
def test_what_is_exported_and_where_to_follows_the_standard_variables(
    collector: Collector, settings: dict[str, str], *, spans: bool, measures: bool
) -> None:
    paths = (EVERYWHERE, SPANS, MEASURES)
    export(**{name: collector.endpoint + said if name in paths else said for name, said in settings.items()})
    assert (bool(collector.spans), bool(collector.measures)) == (spans, measures)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, "applications"),
        ({"OTEL_SERVICE_NAME": "ieum-south"}, "ieum-south"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=ieum-north,a=b"}, "ieum-north"),
    ],
)
def test_a_service_goes_by_its_own_name_unless_another_is_given(
    collector: Collector, settings: dict[str, str], name: str
) -> None:
    export(**{SPANS: f"{collector.endpoint}/v1/traces"}, **settings)
    assert collector.services == {name}


def test_an_exporter_that_is_asked_for_goes_to_the_standard_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (ExportSettings().traced, ExportSettings().measured) == (False, False)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "otlp")
    assert (ExportSettings().traced, ExportSettings().measured) == (True, True)
