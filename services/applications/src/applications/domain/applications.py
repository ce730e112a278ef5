"""An application of a school to a call: a working copy that the school saves, and versions accepted in time.

    draft ── submit ──▶ submitted ── amend ──▶ submitted (next version)
      └────── withdraw ──────┴──▶ withdrawn

Saving and attaching change the working copy alone. What counts is the last version that was accepted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from applications.domain.answers import Answers, Asked
from applications.domain.calls import Call, Window
from applications.domain.documents import PER_APPLICATION, Document
from applications.domain.rules import refuse
from applications.domain.schools import School
from applications.domain.vocabulary import ApplicationId, ApplicationState, CallId, Kind, SchoolId, Year
from chassis.refusals import Conflict, Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """When and why (a code) a school withdrew, and whether its window had ended by then."""

    at: datetime
    reason: str
    after_deadline: bool


@dataclass(frozen=True, slots=True)
class Application:
    """`version` counts the accepted versions; `receipt` is of the first, `accepted_at` of the last."""

    id: ApplicationId
    school: SchoolId
    year: Year
    call: CallId
    kind: Kind
    state: ApplicationState = ApplicationState.DRAFT
    answers: Answers = field(default_factory=Answers)
    documents: tuple[Document, ...] = ()
    version: int = 0
    receipt: str | None = None
    accepted_at: datetime | None = None
    withdrawal: Withdrawal | None = None

    def save(self, answers: Answers, window: Window, now: datetime) -> "Application":
        """Keep answers as they are typed, complete or not."""
        self._require_standing()
        window.admit(now)
        return replace(self, answers=answers)

    def attach(
        self, document: Document, attached_before: int, window: Window, now: datetime
    ) -> "Application":
        """Add a document, in place of the one that had its name."""
        self._require_standing()
        window.admit(now)
        if attached_before >= PER_APPLICATION:
            raise Conflict(
                "too_many_documents", f"An application takes {PER_APPLICATION} documents", "documents"
            )
        return replace(self, documents=(*self._documents_but(document.name), document))

    def detach(self, name: str, window: Window, now: datetime) -> "Application":
        self._require_standing()
        window.admit(now)
        if name not in {document.name for document in self.documents}:
            raise NotFound("no_such_document", f"The application has no document {name}", "name")
        return replace(self, documents=self._documents_but(name))

    def submit(self, asked: Asked, window: Window, now: datetime) -> "Application":
        """Hand the working copy in as the first version; `now` becomes the moment of acceptance."""
        self._require(ApplicationState.DRAFT)
        return self._accept(asked, window, now)

    def amend(self, asked: Asked, window: Window, now: datetime) -> "Application":
        """Hand the working copy in as the next version."""
        self._require(ApplicationState.SUBMITTED)
        return self._accept(asked, window, now)

    def withdraw(self, reason: str, window: Window, now: datetime) -> "Application":
        """Withdraw, at any time; a draft that was never handed in is given up the same way."""
        self._require_standing()
        withdrawal = Withdrawal(now, reason, after_deadline=now >= window.closes_at)
        return replace(self, state=ApplicationState.WITHDRAWN, withdrawal=withdrawal)

    def _accept(self, asked: Asked, window: Window, now: datetime) -> "Application":
        window.admit(now)
        refuse(self._incomplete(asked))
        return replace(self, state=ApplicationState.SUBMITTED, version=self.version + 1, accepted_at=now)

    def _incomplete(self, asked: Asked) -> Iterator[Invalid]:
        yield from self.answers.incomplete(asked)
        attached = {document.name for document in self.documents}
        for name in asked.documents:
            if name not in attached:
                yield Invalid("required", f"The call requires the document {name}", f"documents.{name}")

    def _documents_but(self, name: str) -> tuple[Document, ...]:
        return tuple(document for document in self.documents if document.name != name)

    def _require_standing(self) -> None:
        match self.state:
            case ApplicationState.DRAFT | ApplicationState.SUBMITTED:
                return
            case ApplicationState.WITHDRAWN:
                raise Conflict("application_withdrawn", "The application is withdrawn", "state")
            case _:
                assert_never(self.state)

    def _require(self, state: ApplicationState) -> None:
        if self.state is not state:
            raise Conflict(
                f"application_not_{state}", f"The application is {self.state}, not {state}", "state"
            )


def draft(
    application: ApplicationId, school: School, call: Call, kind: Kind, window: Window, now: datetime
) -> Application:
    """Begin an application to a call that is for this kind of school, inside its window."""
    school.require_open()
    window.admit(now)
    if kind not in call.terms.kinds:
        raise Invalid("kind_of_the_call", f"The call is for {', '.join(call.terms.kinds)} schools", "kind")
    return Application(application, school.id, call.year, call.id, kind)
