"""Who takes part, and how they ask: over HTTP, signed in, with every intent in the ledger first."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx2

from demo.ledger.intents import Answer, Intent, Ledger, Outcome

One = TypeVar("One")

AT_ONCE: Final = 12
"""Requests under way at a time."""
ATTEMPTS: Final = 5
"""How often a request that got no answer is sent again, under the same key."""
PAUSE: Final = 0.2
"""Seconds before the second attempt; each further pause is twice as long."""
TIMEOUT: Final = 60.0


class DemoFailed(Exception):  # noqa: N818 - one sentence for the person who runs it
    """The play cannot go on: a service answered otherwise than the play needs."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in; `sub` is a pseudonym, `party` whom they act for."""

    sub: str
    roles: tuple[str, ...]
    party: str | None
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """An operation of a service: method and path template, for example `POST`, `/calls/{call}/closure`.

    What follows a `?` is asked for as well and is no part of the operation.
    """

    service: str
    method: str
    template: str

    @property
    def operation(self) -> str:
        return f"{self.method} {self.template.partition('?')[0]}"

    def path(self, names: Mapping[str, str | int]) -> str:
        return self.template.format(**names)


@dataclass(frozen=True, slots=True)
class File:
    """A body that is no JSON; of a table the ledger is told how many rows it has."""

    content: bytes
    media_type: str
    rows: int | None = None


class Desk(AbstractAsyncContextManager["Desk"]):
    """Sends what people ask, at most `AT_ONCE` requests at a time, and keeps count."""

    def __init__(self, addresses: Mapping[str, str], ledger: Ledger) -> None:
        limits = httpx2.Limits(max_connections=AT_ONCE * 2, max_keepalive_connections=AT_ONCE * 2)
        self._clients = {
            service: httpx2.AsyncClient(base_url=url, limits=limits, timeout=TIMEOUT)
            for service, url in addresses.items()
        }
        self._ledger = ledger
        self.requests = 0
        self.refused = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            await client.aclose()
        self._ledger.close()

    async def see(
        self, person: Person, route: Route, /, query: Mapping[str, Any] | None = None, **names: str | int
    ) -> Any:
        """Look at something; changes nothing and is no intent.

        Raises:
            DemoFailed: it was refused, or got no answer.
        """
        self.requests += 1
        try:
            response = await self._clients[route.service].get(
                route.path(names), params=dict(query or {}), headers=_signed(person)
            )
        except httpx2.TransportError as error:
            raise DemoFailed(f"{route.operation} got no answer: {type(error).__name__}") from error
        if response.status_code != HTTPStatus.OK:
            raise DemoFailed(f"{route.operation} answered {response.status_code}: {response.text}")
        return response.json()

    async def ask(self, person: Person, route: Route, body: Any = None, /, **names: str | int) -> Any:
        """Do something that is expected to succeed; answers what was told.

        Raises:
            DemoFailed: it was refused, or got no answer.
        """
        answer = await self._send(person, route, body, names)
        if answer.outcome != "ok":
            raise DemoFailed(f"{route.operation} answered {answer.status} {answer.rule}: {answer.told}")
        return answer.told

    async def try_in_vain(
        self, person: Person, route: Route, body: Any = None, /, *, rule: str, **names: str | int
    ) -> Any:
        """Do something that the rule `rule` must refuse; answers the problem.

        Raises:
            DemoFailed: it was accepted, or refused for another reason.
        """
        answer = await self._send(person, route, body, names)
        if answer.outcome != "fail" or answer.rule != rule:
            raise DemoFailed(
                f"{route.operation} should be refused by {rule}, the answer was {answer.status} {answer.rule}"
            )
        self.refused += 1
        return answer.told

    async def _send(self, person: Person, route: Route, body: Any, names: Mapping[str, str | int]) -> Answer:
        content, media_type = _encoded(body)
        path = route.path(names)
        rows = body.rows if isinstance(body, File) else None
        intent = Intent.make(
            (person.sub, person.party), route.service, (route.operation, path), content, rows
        )
        self._ledger.intend(intent)
        headers = {
            **_signed(person),
            "Idempotency-Key": intent.id,
            "X-Correlation-Id": intent.id,
            "Content-Type": media_type,
        }
        self.requests += 1
        answer = await self._until_answered(intent, route, path, content, headers)
        self._ledger.answered(answer)
        return answer

    async def _until_answered(
        self, intent: Intent, route: Route, path: str, content: bytes, headers: dict[str, str]
    ) -> Answer:
        answer = Answer(intent.id, "unknown")
        for attempt in range(ATTEMPTS):
            try:
                response = await self._clients[route.service].request(
                    route.method, path, content=content, headers=headers
                )
            except httpx2.TransportError:
                await asyncio.sleep(PAUSE * 2**attempt)
                continue
            answer = _answer(intent.id, response)
            if answer.outcome != "unknown":
                return answer
            await asyncio.sleep(PAUSE * 2**attempt)
        return answer


def _signed(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


def _encoded(body: Any) -> tuple[bytes, str]:
    match body:
        case None:
            return b"", "application/json"
        case File(content, media_type):
            return content, media_type
        case _:
            return json.dumps(body, ensure_ascii=False).encode(), "application/json"


def _answer(intent: str, response: httpx2.Response) -> Answer:
    """2xx is ok; 4xx says that nothing was done; of anything else nobody here knows."""
    outcome: Outcome = "unknown"
    if response.is_success:
        outcome = "ok"
    elif response.is_client_error:
        outcome = "fail"
    told = (
        response.json() if response.content and "json" in response.headers.get("content-type", "") else None
    )
    rule = None
    if outcome == "fail" and isinstance(told, dict):
        rule = str(told.get("type", "")).rpartition(":")[2]
    return Answer(
        intent=intent,
        outcome=outcome,
        status=response.status_code,
        rule=rule,
        digest=sha256(response.content).hexdigest(),
        told=told,
    )


async def together(work: Iterable[Callable[[], Awaitable[One]]], done: Callable[[], None]) -> list[One]:
    """Do all of it, `AT_ONCE` at a time; answers in the order given; the first failure ends it."""
    waiting = list(enumerate(work))
    results: dict[int, One] = {}
    queue = iter(waiting)

    async def worker() -> None:
        for number, one in queue:
            results[number] = await one()
            done()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(waiting))):
                group.create_task(worker())
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return [results[number] for number, _ in waiting]
