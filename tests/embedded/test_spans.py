"""What a service exports by OTLP is kept, span by span."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode

from embedded import ports, spans
from embedded.spans import Receiver
from embedded.trouble import Trouble


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "spans.jsonl", ports.choose("spans"))
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_spans_keep_their_trace_their_parents_their_links_and_their_attributes(
    receiver: Receiver, compression: Compression
) -> None:
    provider = TracerProvider(resource=Resource.create({"service.name": "applications"}))
    exporter = OTLPSpanExporter(endpoint=f"{receiver.endpoint}/v1/traces", compression=compression)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("POST /applications", kind=SpanKind.SERVER) as parent:
        links = [Link(parent.get_span_context(), {"batch": 3})]
        with tracer.start_as_current_span("process 제출", kind=SpanKind.CONSUMER, links=links) as child:
            child.set_attributes({"count": 2, "share": 0.5, "sure": True, "names": ["a", "나"]})
            child.add_event("retried", {"attempt": 2})
            child.set_status(Status(StatusCode.ERROR, "broken"))
    provider.shutdown()

    kept = {span["name"]: span for span in spans.read(receiver.file)}
    above, below = kept["POST /applications"], kept["process 제출"]
    assert above["parentSpanId"] is None
    assert below["parentSpanId"] == above["spanId"]
    assert below["traceId"] == above["traceId"] == f"{parent.get_span_context().trace_id:032x}"
    assert (above["kind"], below["kind"]) == ("SERVER", "CONSUMER")
    assert below["attributes"] == {"count": 2, "share": 0.5, "sure": True, "names": ["a", "나"]}
    assert below["links"] == [
        {"traceId": above["traceId"], "spanId": above["spanId"], "attributes": {"batch": 3}}
    ]
    assert [(event["name"], event["attributes"]) for event in below["events"]] == [
        ("retried", {"attempt": 2})
    ]
    assert (below["status"], below["message"], above["status"]) == ("ERROR", "broken", "UNSET")
    assert above["start"] <= below["start"] <= below["end"] <= above["end"]
    assert below["service"] == "applications"


@pytest.mark.parametrize(
    ("path", "kind", "body", "status"),
    [
        ("/v1/traces", "application/x-protobuf", b"\xff\xff\xff", 400),
        ("/v1/traces", "application/json", b"{}", 404),
        ("/v1/metrics", "application/x-protobuf", b"", 404),
    ],
)
def test_what_is_not_spans_is_refused_and_nothing_is_kept(
    receiver: Receiver, path: str, kind: str, body: bytes, status: int
) -> None:
    connection = HTTPConnection(ports.HOST, receiver.port, timeout=5)
    connection.request("POST", path, body, {"Content-Type": kind})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == status
    assert list(spans.read(receiver.file)) == []


def test_a_taken_port_is_told_in_one_sentence(receiver: Receiver, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=f"Port {receiver.port}, for spans, cannot be listened on"):
        Receiver(tmp_path / "other.jsonl", receiver.port).start()


def test_a_line_that_is_still_being_written_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    file.write_text('{"name": "whole"}\n{"name": "ha')
    assert [span["name"] for span in spans.read(file)] == ["whole"]
