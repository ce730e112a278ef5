"""The same request sent again gets the same answer and no second effect.

The client names its request by `Idempotency-Key`
(draft-ietf-httpapi-idempotency-key-header). The record is claimed by an insert at the start of the
transaction that does the work and completed before it commits: a second request with the key waits for the
first, then gets its answer. A refused or failed request leaves no record, so its key may be used again.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from email.message import Message
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import Response

from chassis import retention
from chassis.refusals import Invalid, Refusal
from chassis.transaction import Pool, Transaction

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
KEPT: Final = timedelta(days=3)
"""How long a record is kept; uniqueness in the domain outlives it."""

_KEY: Final = re.compile(r"[!-~]{1,200}")
_NOT_KEPT: Final = frozenset({"content-length", "set-cookie", "date", "server"})
_EXPIRED_AT_ONCE: Final = 5_000
_SWEEP_EVERY: Final = 600.0


class KeyMissing(Refusal):
    """An unsafe request without a usable key."""

    status = 400


@dataclass(frozen=True, slots=True)
class Claim:
    """One request: who, which operation (method and path template), its key, and the SHA-256 of the rest."""

    actor: str
    operation: str
    key: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told to the client, and told again."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, response: Response) -> "Answer":
        """What of a response is worth keeping: no cookie, nothing that the connection adds."""
        headers = tuple((name, value) for name, value in response.headers.items() if name not in _NOT_KEPT)
        return cls(response.status_code, headers, bytes(response.body))

    def replay(self) -> Response:
        response = Response(self.body, self.status)
        for name, value in self.headers:
            response.headers.append(name, value)
        response.headers[REPLAYED] = "true"
        return response


def key_of(request: Request) -> str:
    """The key that the client gave.

    Raises:
        KeyMissing: there is none, more than one, or not 1 to 200 visible ASCII characters.
    """
    given = request.headers.getlist(HEADER)
    if len(given) != 1 or not _KEY.fullmatch(given[0]):
        raise KeyMissing(
            "idempotency_key_missing",
            f"An unsafe request must carry one header {HEADER} of 1 to 200 visible ASCII characters",
            f"header.{HEADER}",
        )
    return given[0]


def fingerprint(request: Request, body: bytes, party: str | None = None) -> bytes:
    """SHA-256 of what makes two requests the same: party acted for, path, query, media type and body.

    The boundary of a multipart body is chosen anew for each sending and is not part of it.
    """
    described = Message()
    described["content-type"] = request.headers.get("content-type", "")
    boundary = described.get_boundary()
    parts = [body] if boundary is None else body.split(b"--" + boundary.encode())
    return _hash(
        [
            (party or "").encode(),
            request.url.path.encode(),
            request.url.query.encode(),
            described.get_content_type().encode(),
            *parts,
        ]
    )


def _hash(parts: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


async def claim(tx: Transaction, wanted: Claim) -> Answer | None:
    """Take the key, or the answer that stands under it; waits for whoever is at work under the same key.

    Raises:
        Invalid: rule `idempotency_key_reused`, the key stands for another request.
    """
    taken = await tx.fetchval(
        """
        insert into web.idempotency (actor, operation, key, request) values ($1, $2, $3, $4)
        on conflict do nothing returning true
        """,
        wanted.actor,
        wanted.operation,
        wanted.key,
        wanted.request,
    )
    return None if taken else await _answered(tx, wanted)


async def _answered(tx: Transaction, wanted: Claim) -> Answer:
    row = await tx.fetchrow(
        """
        select request, status, headers, answer from web.idempotency
        where actor = $1 and operation = $2 and key = $3
        """,
        wanted.actor,
        wanted.operation,
        wanted.key,
    )
    if row is None or row["request"] != wanted.request:
        raise Invalid(
            "idempotency_key_reused",
            f"The {HEADER} was used for another request; a new request needs a new key",
            f"header.{HEADER}",
        )
    headers = tuple((name, value) for name, value in json.loads(row["headers"]))
    return Answer(row["status"], headers, row["answer"])


async def keep(tx: Transaction, claimed: Claim, answer: Answer) -> None:
    """Complete the record with what the client will be told."""
    await tx.execute(
        """
        update web.idempotency set status = $4, headers = $5::jsonb, answer = $6
        where actor = $1 and operation = $2 and key = $3
        """,
        claimed.actor,
        claimed.operation,
        claimed.key,
        answer.status,
        json.dumps(answer.headers),
        answer.body,
    )


async def expire(tx: Transaction, at_most: int = _EXPIRED_AT_ONCE) -> int:
    """Delete so many records older than `KEPT` at most, in machine time; the number deleted.

    Several may do this at once: each leaves alone what another is deleting.
    """
    deleted: int = await tx.fetchval(
        """
        with old as (
          select actor, operation, key from web.idempotency
          where answered_at < clock_timestamp() - $1::interval
          limit $2 for update skip locked
        ), gone as (
          delete from web.idempotency i using old
          where (i.actor, i.operation, i.key) = (old.actor, old.operation, old.key)
          returning 1
        )
        select count(*) from gone
        """,
        KEPT,
        at_most,
    )
    return deleted


class Running(Protocol):
    """What the sweep needs of the running service."""

    @property
    def pool(self) -> Pool: ...

    @property
    def stopping(self) -> asyncio.Event: ...


async def sweep(running: Running) -> None:
    """Delete expired records every ten minutes until the service stops; for `Service(workers=…)`."""
    await retention.sweep(
        running.pool,
        "answers to requests",
        expire,
        running.stopping,
        every=_SWEEP_EVERY,
        at_once=_EXPIRED_AT_ONCE,
    )
