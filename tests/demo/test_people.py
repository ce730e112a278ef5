"""How people ask: against a real server that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from demo import people
from demo.ledger.intents import Intent, Ledger, read
from demo.people import DemoFailed, Desk, File, Person, Route, together

SUBMIT = Route("applications", "POST", "/applications/{application}/submission")
SOMEBODY = Person("staff-1", ("school",), "sch_1", "token")


class Server:
    """Answers request after request with what `answers` says; None breaks the connection off."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, str] | None] = []
        self.keys: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode().lower():
                length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
                await reader.readexactly(length)
                self.keys.append(head.partition("idempotency-key: ")[2].partition("\r\n")[0])
                answer = self.answers.pop(0)
                if answer is None:
                    break
                status, body = answer
                length = len(body.encode())
                writer.write(
                    f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n"
                    f"content-length: {length}\r\n\r\n{body}".encode()
                )
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    scripted = Server()
    listening = await asyncio.start_server(scripted.serve, "127.0.0.1", 0)
    async with listening:
        yield scripted, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "PAUSE", 0.01)


async def test_an_answer_is_in_the_ledger_beside_its_intent(
    server: tuple[Server, str], tmp_path: Path
) -> None:
    scripted, url = server
    scripted.answers = [(201, '{"receipt": "2025-000001"}')]
    async with Desk({"applications": url}, Ledger(tmp_path / "ledger")) as desk:
        told = await desk.ask(SOMEBODY, SUBMIT, {"a": 1}, application="app_1")
    assert told == {"receipt": "2025-000001"}
    (entry,) = read(tmp_path / "ledger")
    assert entry.ok
    assert entry.intent.operation == "POST /applications/{application}/submission"
    assert entry.intent.path == "/applications/app_1/submission"
    assert entry.intent.party == "sch_1"
    assert entry.answer.told == told
    assert scripted.keys == [entry.intent.id]


async def test_a_request_without_an_answer_is_sent_again_under_the_same_key(
    server: tuple[Server, str], tmp_path: Path
) -> None:
    scripted, url = server
    scripted.answers = [None, (503, "{}"), (201, "{}")]
    async with Desk({"applications": url}, Ledger(tmp_path / "ledger")) as desk:
        await desk.ask(SOMEBODY, SUBMIT, application="app_1")
    assert len(scripted.keys) == 3
    assert len(set(scripted.keys)) == 1
    assert [entry.answer.outcome for entry in read(tmp_path / "ledger")] == ["ok"]


async def test_what_never_gets_an_answer_is_unknown(server: tuple[Server, str], tmp_path: Path) -> None:
    scripted, url = server
    scripted.answers = [None] * people.ATTEMPTS
    async with Desk({"applications": url}, Ledger(tmp_path / "ledger")) as desk:
        with pytest.raises(DemoFailed, match=r"POST /applications/\{application\}/submission"):
            await desk.ask(SOMEBODY, SUBMIT, application="app_1")
    assert [entry.answer.outcome for entry in read(tmp_path / "ledger")] == ["unknown"]


async def test_a_refusal_must_be_by_the_rule_that_was_meant(
    server: tuple[Server, str], tmp_path: Path
) -> None:
    scripted, url = server
    problem = '{"type": "urn:ieum:problem:deadline_passed", "status": 409}'
    scripted.answers = [(409, problem), (409, problem), (201, "{}")]
    async with Desk({"applications": url}, Ledger(tmp_path / "ledger")) as desk:
        await desk.try_in_vain(SOMEBODY, SUBMIT, application="app_1", rule="deadline_passed")
        with pytest.raises(DemoFailed, match="should be refused by call_closed"):
            await desk.try_in_vain(SOMEBODY, SUBMIT, application="app_1", rule="call_closed")
        with pytest.raises(DemoFailed, match="the answer was 201"):
            await desk.try_in_vain(SOMEBODY, SUBMIT, application="app_1", rule="call_closed")
        assert desk.refused == 1


async def test_of_a_table_the_ledger_keeps_how_many_rows_it_has_and_none_of_them(
    server: tuple[Server, str], tmp_path: Path
) -> None:
    scripted, url = server
    scripted.answers = [(202, '{"id": "imp_1"}')]
    roster = Route("placement", "POST", "/imports/rosters?programme_year={year}")
    table = File("학번,이름\n1,모의가온누리\n".encode(), "text/csv", rows=1)
    async with Desk({"placement": url}, Ledger(tmp_path / "ledger.jsonl")) as desk:
        await desk.ask(SOMEBODY, roster, table, year=2025)
    [entry] = read(tmp_path / "ledger.jsonl")
    assert entry.intent.operation == "POST /imports/rosters"
    assert entry.intent.path == "/imports/rosters?programme_year=2025"
    assert entry.intent.body == {"rows": 1}
    assert "모의가온누리" not in (tmp_path / "ledger.jsonl").read_text("utf-8")


def test_an_intent_whose_answer_was_never_written_is_unknown(tmp_path: Path) -> None:
    file = tmp_path / "ledger"
    ledger = Ledger(file)
    intent = Intent.make(("staff-1", None), "applications", (SUBMIT.operation, "/x"), b"{}")
    ledger.intend(intent)
    ledger.close()
    file.write_text(file.read_text() + '{"answer": {"intent": "' + intent.id)
    assert [entry.answer.outcome for entry in read(file)] == ["unknown"]


async def test_things_done_together_are_answered_in_order_and_the_first_failure_ends_them() -> None:
    running = 0
    most = 0

    def waiting(number: int) -> Callable[[], Awaitable[int]]:
        async def wait() -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001 * (30 - number))
            running -= 1
            return number

        return wait

    done: list[None] = []
    assert await together([waiting(n) for n in range(30)], lambda: done.append(None)) == list(range(30))
    assert len(done) == 30
    assert most == people.AT_ONCE

    async def fail() -> int:
        raise DemoFailed("no")

    with pytest.raises(DemoFailed, match="no"):
        await together([waiting(1), fail, waiting(2)], lambda: None)
