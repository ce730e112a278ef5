"""The ledger: what each user meant to do, written down before it is sent, and what they were told.

One JSON object a line. An intent's id goes with its request as the correlation id and as the idempotency
key, so that whatever follows from it can be found again in every database and on every topic.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self, TextIO
from uuid import uuid4

Outcome = Literal["ok", "fail", "unknown"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody is about to ask.

    Attributes:
        id: Correlation id and idempotency key.
        actor: The pseudonym of who asks.
        party: The school, company or student acted for, None for officers and reviewers.
        service: The service that is asked.
        operation: Method and path template, as the service names the operation.
        path: The address asked.
        payload: SHA-256 of the body as it is sent.
        body: The body, where it is JSON, and of a table how many `rows` it has; what users mean is simulated
            and holds nothing personal.
    """

    id: str
    actor: str
    party: str | None
    service: str
    operation: str
    path: str
    payload: str
    body: Any

    @classmethod
    def make(
        cls,
        actor: tuple[str, str | None],
        service: str,
        route: tuple[str, str],
        content: bytes,
        rows: int | None = None,
    ) -> Self:
        """A new intent of `actor` (subject, party), for `route` (operation, path)."""
        body = json.loads(content) if content[:1] in b"{[" and content else None
        if rows is not None:
            body = {"rows": rows}
        return cls(str(uuid4()), *actor, service, *route, sha256(content).hexdigest(), body)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the user was told; `unknown` may have happened once or not at all.

    `digest` is the SHA-256 of the answer's bytes, `told` the answer itself where it is JSON.
    """

    intent: str
    outcome: Outcome
    status: int | None = None
    rule: str | None = None
    digest: str | None = None
    told: Any = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An intent with its answer."""

    intent: Intent
    answer: Answer

    @property
    def ok(self) -> bool:
        return self.answer.outcome == "ok"


class Ledger:
    """Appends to the ledger's file; each line is handed to the system before the next step."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._out: TextIO = file.open("w", encoding="utf-8")

    def intend(self, intent: Intent) -> None:
        """To be called before the request is sent."""
        self._write("intent", intent)

    def answered(self, answer: Answer) -> None:
        self._write("answer", answer)

    def close(self) -> None:
        self._out.close()

    def _write(self, kind: str, record: Intent | Answer) -> None:
        fields = {name: getattr(record, name) for name in record.__slots__}
        self._out.write(json.dumps({kind: fields}, ensure_ascii=False) + "\n")
        self._out.flush()


def read(file: Path) -> list[Entry]:
    """The ledger's entries in the order of the intents; one without an answer is `unknown`."""
    intents: dict[str, Intent] = {}
    answers: dict[str, Answer] = {}
    for line in _lines(file):
        if "intent" in line:
            intent = Intent(**line["intent"])
            intents[intent.id] = intent
        else:
            answer = Answer(**line["answer"])
            answers[answer.intent] = answer
    return [Entry(intent, answers.get(key, Answer(key, "unknown"))) for key, intent in intents.items()]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n"):
                yield json.loads(line)
