import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import routing
from starlette.types import Message, Scope
from tests.patience import PATIENCE
from tests.web.things import Things, meeting

from chassis import transaction
from embedded import ports


async def ask(things: Things, send: Any, body: dict[str, Any], key: str) -> None:
    """The application called by hand, so that a test can stand where the server would."""
    headers = {**things.headers(key=key), "content-type": "application/json"}
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/things",
        "raw_path": b"/things",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("things", 80),
    }
    sent = [
        {"type": "http.request", "body": json.dumps(body, separators=(",", ":")).encode(), "more_body": False}
    ]

    async def receive() -> Message:
        return sent.pop() if sent else {"type": "http.disconnect"}

    await things.app(scope, receive, send)


async def test_the_answer_is_sent_after_the_commit(things: Things) -> None:
    seen: list[list[str]] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.append(await things.names())

    await ask(things, send, {"name": "a"}, "k")
    assert seen == [["a"]]


async def test_a_client_that_is_gone_gets_its_answer_when_it_asks_again(things: Things) -> None:
    async def send(_: Message) -> None:
        raise OSError("the client is gone")

    with pytest.raises((OSError, RuntimeError)):
        await ask(things, send, {"name": "a"}, "k")
    again = await things.post("/things", {"name": "a"}, key="k")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert await things.names() == ["a"]


async def test_a_deadlock_is_broken_and_both_are_done(things: Things) -> None:
    meeting.both = asyncio.Barrier(2)
    answers = await asyncio.gather(things.post("/pairs/left/right"), things.post("/pairs/right/left"))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert meeting.attempts == 3
    async with transaction.read(things.pool) as read:
        totals = await read.fetch("select total from pair")
    assert [row["total"] for row in totals] == [2, 2]


async def test_what_is_repeated_reads_the_same_file_again(things: Things) -> None:
    meeting.attempts = 0
    answer = await things.client.post(
        "/files-repeated", files={"file": ("a.txt", b"abc")}, headers=things.headers()
    )
    assert (answer.status_code, answer.json()) == (200, {"attempts": 3, "content": "abc"})


@pytest.mark.parametrize("path", ["/opened", "/opened-by-function"])
async def test_dependencies_are_closed_inside_the_transaction(things: Things, path: str) -> None:
    assert (await things.post(path)).status_code == 200
    assert await things.names() == ["closed"]


async def test_a_read_sees_one_state_and_changes_nothing(things: Things) -> None:
    answer = await things.client.get("/state", headers=things.headers())
    assert answer.json()["read_only"] == "on"


async def test_reading_leaves_no_connection_behind(things: Things) -> None:
    answers = await asyncio.gather(
        *(things.client.get("/state", headers=things.headers()) for _ in range(40))
    )
    assert {answer.status_code for answer in answers} == {200}


async def test_an_exhausted_pool_is_unavailable_for_now(
    things: Things, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "ACQUIRE_TIMEOUT", 0.2)
    async with taken(things):
        for answer in (
            await things.post("/things", {"name": "a"}),
            await things.client.get("/state", headers=things.headers()),
        ):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert (await things.post("/things", {"name": "a"})).status_code == 201


@asynccontextmanager
async def taken(things: Things) -> AsyncIterator[None]:
    """All of the pool's connections in somebody's hands."""
    held = [things.pool.acquire() for _ in range(10)]
    for each in held:
        await each.__aenter__()
    try:
        yield
    finally:
        for each in held:
            await each.__aexit__()


@asynccontextmanager
async def serving(
    things: Things, crash_at: str = ""
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The API as a process of its own, with a planned death."""
    port = ports.choose("things")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.web.things",
        things.database.url,
        str(things.issuer.file),
        str(port),
        crash_at,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.mark.crash
@pytest.mark.parametrize(("point", "effects"), [("command.before_commit", 0), ("command.after_commit", 1)])
async def test_a_process_killed_around_the_commit_has_all_or_nothing_and_the_same_request_finishes(
    things: Things, point: str, effects: int
) -> None:
    headers = things.headers(key="k")
    async with serving(things, point) as (address, process), httpx2.AsyncClient(base_url=address) as client:
        with pytest.raises(httpx2.TransportError):
            await client.post("/things", json={"name": "a"}, headers=headers)
        assert await process.wait() == -signal.SIGKILL
    assert len(await things.names()) == effects
    again = await things.client.post("/things", json={"name": "a"}, headers=headers)
    assert again.status_code == 201
    assert ("idempotent-replayed" in again.headers) == bool(effects)
    assert await things.names() == ["a"]


async def test_a_client_that_stops_waiting_finds_its_request_done(things: Things) -> None:
    headers = things.headers(key="k")
    async with serving(things) as (address, _), httpx2.AsyncClient(base_url=address) as client:
        with pytest.raises(httpx2.TimeoutException):
            await client.post("/things", json={"name": "a", "slow": 0.6}, headers=headers, timeout=0.2)
        again = await client.post("/things", json={"name": "a", "slow": 0.6}, headers=headers, timeout=10)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert await things.names() == ["a"]


async def test_the_first_request_does_not_work_out_the_routes(
    edge: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a service's 60 routes that would take it more than a tenth of a second."""
    asked_for: list[str] = []

    def worked_out(*, path: str, **_: Any) -> None:
        asked_for.append(path)

    monkeypatch.setattr(routing, "get_dependant", worked_out)
    assert (await edge.get("/things/thg_1")).status_code == 401
    assert asked_for == []
