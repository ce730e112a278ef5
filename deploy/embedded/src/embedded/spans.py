"""Keeps the spans that services export by OTLP over HTTP, one JSON object a line."""

import gzip
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from embedded.ports import HOST
from embedded.trouble import Trouble, of_disk

KEEP: Final = 512 * 1024 * 1024
"""Bytes at which the file of an earlier run is put aside, in place of the one before."""
LARGEST: Final = 64 * 1024 * 1024
ANSWER: Final = ExportTraceServiceResponse().SerializeToString()
PROTOBUF: Final = "application/x-protobuf"


class Receiver:
    """An OTLP endpoint on the loopback interface; a thread in this process.

    Lines of `file` have: service, traceId, spanId, parentSpanId (null at the root), traceState, name, kind
    (`SERVER`, `CONSUMER`, …), start and end (nanoseconds since 1970), attributes, events, links, status
    (`UNSET`, `OK`, `ERROR`) and message; ids are lower-case hexadecimal.
    """

    def __init__(self, file: Path, port: int) -> None:
        self.file = file
        self.port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """For OTEL_EXPORTER_OTLP_ENDPOINT."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Raises: Trouble: the file cannot be written, or the port is taken."""
        try:
            if self.file.exists() and self.file.stat().st_size > KEEP:
                self.file.replace(self.file.with_suffix(".before.jsonl"))
            self.file.touch(mode=0o600)
        except OSError as error:
            raise of_disk(error, self.file.parent) from error
        try:
            server = _Server(self.port, self.file)
        except OSError as error:
            raise Trouble(f"Port {self.port}, for spans, cannot be listened on: {error.strerror}.") from error
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="spans", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None


def read(file: Path) -> Iterator[dict[str, Any]]:
    """The spans of a file; a last line that is still being written is left out."""
    with file.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, file: Path) -> None:
        self._file = file
        self._writing = threading.Lock()
        super().__init__((HOST, port), _Handler)

    def keep(self, text: str) -> None:
        with self._writing, self._file.open("a", encoding="utf-8") as out:
            out.write(text)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST:
            self.close_connection = True
            self._answer(413)
            return
        body = self.rfile.read(length)
        if self.path != "/v1/traces" or self.headers.get("Content-Type") != PROTOBUF:
            self._answer(404)
            return
        try:
            text = "".join(_lines(_decode(body, self.headers.get("Content-Encoding"))))
        except (DecodeError, OSError, EOFError):
            self._answer(400)
            return
        try:
            self.server.keep(text)
        except OSError:
            # A full disk: the exporter may try again, the services go on.
            self._answer(503)
            return
        self._answer(200, ANSWER)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", PROTOBUF)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        # The exporter closes its connections as it likes.
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Says nothing."""


def _decode(body: bytes, encoding: str | None) -> ExportTraceServiceRequest:
    plain = gzip.decompress(body) if encoding == "gzip" else body
    request: ExportTraceServiceRequest = ExportTraceServiceRequest.FromString(plain)
    return request


def _lines(request: ExportTraceServiceRequest) -> Iterator[str]:
    for resource in request.resource_spans:
        service = _attributes(resource.resource.attributes).get("service.name")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield json.dumps({"service": service, **_span(span)}, ensure_ascii=False) + "\n"


def _span(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        "parentSpanId": span.parent_span_id.hex() or None,
        "traceState": span.trace_state,
        "name": span.name,
        "kind": Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        "start": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
        "attributes": _attributes(span.attributes),
        "events": [
            {"name": e.name, "time": e.time_unix_nano, "attributes": _attributes(e.attributes)}
            for e in span.events
        ],
        "links": [
            {"traceId": k.trace_id.hex(), "spanId": k.span_id.hex(), "attributes": _attributes(k.attributes)}
            for k in span.links
        ],
        "status": Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_"),
        "message": span.status.message,
    }


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_value(one) for one in value.array_value.values]
        case "kvlist_value":
            return _attributes(value.kvlist_value.values)
        case "bytes_value":
            return value.bytes_value.hex()
        case kind:
            return getattr(value, kind)
