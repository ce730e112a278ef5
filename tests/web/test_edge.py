import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import LogCapture
from tests.web.things import Things

from chassis import transaction

SECRETS = ("홍길동", "hong@example.kr", "010-1234-5678")


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    capture = LogCapture()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    yield capture.entries
    structlog.reset_defaults()


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


async def test_answers_may_not_be_kept_sniffed_or_framed(things: Things) -> None:
    for answer in (
        await things.post("/things", {"name": "a"}),
        await things.post("/refused", {"name": "a"}),
        await things.post("/broken", {"name": "a"}),
        await things.client.get("/nowhere"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "strict-transport-security" not in answer.headers


async def test_behind_tls_browsers_are_told_to_stay_there(edge: httpx2.AsyncClient) -> None:
    answer = await edge.get("https://things/nowhere")
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_a_correlation_is_kept_or_given(edge: httpx2.AsyncClient) -> None:
    given = "0b6f3c1e-8a55-4f0e-9a6d-6a2f6c0f3b11"
    kept = await edge.get("/nowhere", headers={"X-Correlation-Id": given})
    assert kept.headers["x-correlation-id"] == given
    made = await edge.get("/nowhere", headers={"X-Correlation-Id": "hong@example.kr"})
    assert len(made.headers["x-correlation-id"]) == 36


async def test_an_event_carries_the_correlation_of_its_request(things: Things) -> None:
    given = "0b6f3c1e-8a55-4f0e-9a6d-6a2f6c0f3b11"
    headers = {**things.headers(), "X-Correlation-Id": given}
    assert (await things.client.post("/told", headers=headers)).status_code == 200
    assert (await event_headers(things))["ce_correlationid"] == given


async def event_headers(things: Things) -> dict[str, str]:
    async with transaction.read(things.pool) as read:
        stored: dict[str, str] = json.loads(await read.fetchval("select headers from messaging.outbox"))
        return stored


async def test_the_requests_span_is_the_parent_of_what_is_told(
    things: Things, spans: InMemorySpanExporter
) -> None:
    answer = await things.client.post(
        "/told", headers={**things.headers(), "traceparent": f"00-{7:032x}-{9:016x}-01"}
    )
    assert answer.status_code == 200
    [span] = spans.get_finished_spans()
    assert span.name == "POST /told"
    assert span.parent is not None
    assert (span.context.trace_id, span.parent.span_id) == (7, 9)
    _, trace_id, span_id, _ = (await event_headers(things))["traceparent"].split("-")
    assert (int(trace_id, 16), int(span_id, 16)) == (7, span.context.span_id)


async def test_a_problem_names_the_trace(things: Things, spans: InMemorySpanExporter) -> None:
    answer = await things.post("/refused", {"name": "a"})
    [span] = spans.get_finished_spans()
    assert answer.json()["instance"] == f"urn:ieum:trace:{span.context.trace_id:032x}"


async def test_the_documentation_is_not_traced(edge: httpx2.AsyncClient, spans: InMemorySpanExporter) -> None:
    await edge.get("/docs")
    assert spans.get_finished_spans() == ()


def told(span: ReadableSpan) -> str:
    events = [(event.name, dict(event.attributes or {})) for event in span.events]
    return f"{span.name} {dict(span.attributes or {})} {events} {span.status.description}"


async def test_neither_log_nor_trace_holds_anything_of_a_person(
    things: Things, logged: list[Any], spans: InMemorySpanExporter
) -> None:
    name, mail, phone = SECRETS
    token = things.issuer.token()
    headers = {"Authorization": f"Bearer {token}"}
    await things.post("/things", {"name": name, "mail": mail})
    await things.post("/things", {"name": name})
    await things.post("/broken", {"name": phone})
    await things.client.get(f"/things/{mail}", headers=headers)
    await things.client.get("/state", params={"q": name, "mail": mail}, headers=headers)
    await things.client.get(f"/{mail}", headers=headers)
    await things.client.get("/state", headers={"Authorization": f"Bearer {mail}"})
    assert len([entry for entry in logged if entry["event"] == "request"]) == 7
    written = str(logged) + "".join(told(span) for span in spans.get_finished_spans())
    for secret in (name, phone, token, "hong"):
        assert secret not in written


async def test_each_request_is_logged_by_template_with_its_outcome(things: Things, logged: list[Any]) -> None:
    made = (await things.post("/things", {"name": "a"})).json()["id"]
    await things.client.get(f"/things/{made}", headers=things.headers())
    await things.client.get("/nowhere")
    seen = [(e["method"], e["route"], e["status"], e["sub"]) for e in logged if e["event"] == "request"]
    assert seen == [
        ("POST", "/things", 201, "person-1"),
        ("GET", "/things/{thing}", 200, "person-1"),
        ("GET", None, 404, None),
    ]
    assert all(entry["correlation"] for entry in logged)


@pytest.mark.parametrize(("path", "size"), [("/things", 20_001), ("/small", 101)])
async def test_a_body_beyond_the_limit_is_refused(things: Things, path: str, size: int) -> None:
    async def streamed() -> Any:
        for _ in range(size):
            yield b" "

    for content in (b" " * size, streamed()):
        headers = {**things.headers(), "Content-Type": "application/json"}
        answer = await things.client.post(path, content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:ieum:problem:body_too_large"
    assert await things.names() == []


async def test_a_route_of_its_own_limit_takes_what_fits(things: Things) -> None:
    assert (await things.post("/small", {"name": "a"})).status_code == 200
