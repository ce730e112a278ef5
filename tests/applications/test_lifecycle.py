"""An application's transitions: only legal ones, and only inside the window."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.applications.town import DEADLINE, MICROSECOND, OPENS

from applications.domain.answers import Answers, Asked
from applications.domain.applications import Application, draft
from applications.domain.calls import Call, Terms, Window
from applications.domain.documents import PER_APPLICATION, Document
from applications.domain.schools import School, SchoolFacts
from applications.domain.vocabulary import (
    ApplicationId,
    ApplicationState,
    CallId,
    CallState,
    DocumentId,
    Kind,
    SchoolId,
    SchoolState,
    Track,
    Year,
)
from chassis.refusals import Conflict, Invalid, NotFound, Refusal, Several

SCHOOL = School(
    SchoolId("sch_1"),
    SchoolFacts(None, "모의공업고등학교", None, "seoul", "industrial", "public", "specialised"),
)
CALL = Call(
    CallId("cal_1"),
    Year(2025),
    Terms((Kind.NEW,), (Track.NEW_TECHNOLOGY,), OPENS, DEADLINE),
    CallState.ANNOUNCED,
    1,
)
ASKED = Asked((), ("operation_plan",), frozenset({Track.NEW_TECHNOLOGY}))
WINDOW = CALL.window()
INSIDE = OPENS + timedelta(days=1)
COMPLETE = Answers((Track.NEW_TECHNOLOGY,), accepts_general=False)
DRAFT = draft(ApplicationId("app_1"), SCHOOL, CALL, Kind.NEW, WINDOW, INSIDE)


def plan(number: int = 1, name: str = "operation_plan") -> Document:
    return Document(DocumentId(f"doc_{number}"), name, "application/pdf", 9, "0" * 64, INSIDE)


READY = DRAFT.save(COMPLETE, WINDOW, INSIDE).attach(plan(), 0, WINDOW, INSIDE)
SUBMITTED = READY.submit(ASKED, WINDOW, INSIDE)


def rules_of(refusal: Refusal) -> set[tuple[str | None, str]]:
    each = refusal.refusals if isinstance(refusal, Several) else [refusal]
    return {(one.field, one.rule) for one in each}


def test_submission_stores_the_moment_of_acceptance() -> None:
    last = DEADLINE - MICROSECOND
    assert READY.submit(ASKED, WINDOW, last).accepted_at == last


def test_at_the_deadline_itself_it_is_too_late() -> None:
    with pytest.raises(Conflict) as refusal:
        READY.submit(ASKED, WINDOW, DEADLINE)
    assert refusal.value.rule == "deadline_passed"


def test_an_incomplete_draft_is_refused_with_each_field_named() -> None:
    with pytest.raises(Several) as refusal:
        DRAFT.submit(ASKED, WINDOW, INSIDE)
    assert rules_of(refusal.value) == {
        ("accepts_general", "required"),
        ("documents.operation_plan", "required"),
    }


def test_only_a_draft_is_submitted_and_only_what_was_submitted_is_amended() -> None:
    with pytest.raises(Conflict) as twice:
        SUBMITTED.submit(ASKED, WINDOW, INSIDE)
    assert twice.value.rule == "application_not_draft"
    with pytest.raises(Conflict) as early:
        READY.amend(ASKED, WINDOW, INSIDE)
    assert early.value.rule == "application_not_submitted"


def test_saving_after_submission_changes_the_working_copy_alone() -> None:
    saved = SUBMITTED.save(Answers(), WINDOW, INSIDE)
    assert (saved.state, saved.version, saved.accepted_at) == (ApplicationState.SUBMITTED, 1, INSIDE)
    with pytest.raises(Invalid):
        saved.amend(ASKED, WINDOW, INSIDE)


def test_an_amendment_is_the_next_version_accepted_at_its_own_moment() -> None:
    later = INSIDE + timedelta(hours=1)
    amended = SUBMITTED.amend(ASKED, WINDOW, later)
    assert (amended.version, amended.accepted_at) == (2, later)


@pytest.mark.parametrize(("now", "late"), [(DEADLINE - MICROSECOND, False), (DEADLINE, True)])
def test_withdrawal_tells_whether_the_deadline_had_passed(now: datetime, *, late: bool) -> None:
    withdrawn = SUBMITTED.withdraw("too_few_students", WINDOW, now)
    assert withdrawn.withdrawal is not None
    assert withdrawn.withdrawal.after_deadline is late


def test_nothing_follows_a_withdrawal() -> None:
    gone = SUBMITTED.withdraw("too_few_students", WINDOW, INSIDE)
    attempts: list[Callable[[], Application]] = [
        lambda: gone.save(COMPLETE, WINDOW, INSIDE),
        lambda: gone.attach(plan(2), 1, WINDOW, INSIDE),
        lambda: gone.detach("operation_plan", WINDOW, INSIDE),
        lambda: gone.submit(ASKED, WINDOW, INSIDE),
        lambda: gone.amend(ASKED, WINDOW, INSIDE),
        lambda: gone.withdraw("again", WINDOW, INSIDE),
    ]
    for attempt in attempts:
        with pytest.raises(Conflict):
            attempt()


def test_a_document_replaces_the_one_of_its_name() -> None:
    replaced = READY.attach(plan(2), 1, WINDOW, INSIDE)
    assert [document.id for document in replaced.documents] == ["doc_2"]
    assert READY.attach(plan(2, "other"), 1, WINDOW, INSIDE).detach(
        "operation_plan", WINDOW, INSIDE
    ).documents == (plan(2, "other"),)


def test_there_is_an_end_to_the_documents_of_an_application() -> None:
    READY.attach(plan(2), PER_APPLICATION - 1, WINDOW, INSIDE)
    with pytest.raises(Conflict) as refusal:
        READY.attach(plan(2), PER_APPLICATION, WINDOW, INSIDE)
    assert refusal.value.rule == "too_many_documents"
    with pytest.raises(NotFound):
        READY.detach("unknown", WINDOW, INSIDE)


def test_a_draft_begins_inside_the_window_for_an_open_school_of_the_calls_kinds() -> None:
    closed = replace(SCHOOL, state=SchoolState.CLOSED, closed_at=INSIDE)
    for school, kind, now, expected in (
        (closed, Kind.NEW, INSIDE, "school_closed"),
        (SCHOOL, Kind.CONTINUING, INSIDE, "kind_of_the_call"),
        (SCHOOL, Kind.NEW, OPENS - MICROSECOND, "call_not_open_yet"),
        (SCHOOL, Kind.NEW, DEADLINE, "deadline_passed"),
    ):
        with pytest.raises(Refusal) as refusal:
            draft(ApplicationId("app_1"), school, CALL, kind, WINDOW, now)
        assert refusal.value.rule == expected


MOMENTS = st.sampled_from(
    [OPENS - MICROSECOND, OPENS, INSIDE, DEADLINE - MICROSECOND, DEADLINE, DEADLINE + timedelta(days=3)]
)


@dataclass
class Model:
    """What must be true, kept beside the application in the plainest way."""

    state: str = "draft"
    version: int = 0
    complete: bool = False
    history: list[str] = field(default_factory=lambda: ["draft"])


class Lifecycle(RuleBasedStateMachine):
    """Any acts in any order at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.application: Application = DRAFT.attach(plan(), 0, WINDOW, INSIDE)
        self.model = Model()
        self.window: Window = WINDOW

    def attempt(self, act: str, now: datetime, *, allowed: bool) -> None:
        acts = {
            "submit": lambda: self.application.submit(ASKED, self.window, now),
            "amend": lambda: self.application.amend(ASKED, self.window, now),
            "withdraw": lambda: self.application.withdraw("too_few_students", self.window, now),
            "complete": lambda: self.application.save(COMPLETE, self.window, now),
            "empty": lambda: self.application.save(Answers(), self.window, now),
        }
        if allowed:
            self.application = acts[act]()
        else:
            with pytest.raises(Refusal):
                acts[act]()

    def open(self, now: datetime) -> bool:
        return self.window.opens_at <= now < self.window.closes_at

    @rule(now=MOMENTS)
    def submit(self, now: datetime) -> None:
        allowed = self.model.state == "draft" and self.open(now) and self.model.complete
        self.attempt("submit", now, allowed=allowed)
        if allowed:
            self.model.state = "submitted"
            self.model.version = 1
            self.model.history.append("submitted")

    @rule(now=MOMENTS)
    def amend(self, now: datetime) -> None:
        allowed = self.model.state == "submitted" and self.open(now) and self.model.complete
        self.attempt("amend", now, allowed=allowed)
        self.model.version += allowed

    @rule(now=MOMENTS, complete=st.booleans())
    def save(self, now: datetime, *, complete: bool) -> None:
        allowed = self.model.state != "withdrawn" and self.open(now)
        self.attempt("complete" if complete else "empty", now, allowed=allowed)
        if allowed:
            self.model.complete = complete

    @rule(now=MOMENTS)
    def withdraw(self, now: datetime) -> None:
        allowed = self.model.state != "withdrawn"
        self.attempt("withdraw", now, allowed=allowed)
        if allowed:
            self.model.state = "withdrawn"
            self.model.history.append("withdrawn")

    @rule()
    def extend(self) -> None:
        self.window = CALL.window(DEADLINE + timedelta(days=1))

    @invariant()
    def it_is_what_the_model_says(self) -> None:
        assert self.application.state == self.model.state
        assert self.application.version == self.model.version
        assert (self.application.accepted_at is not None) == (self.model.version > 0)
        assert (self.application.withdrawal is not None) == (self.model.state == "withdrawn")

    @invariant()
    def its_states_only_move_forward(self) -> None:
        assert self.model.history in (
            ["draft"],
            ["draft", "submitted"],
            ["draft", "withdrawn"],
            ["draft", "submitted", "withdrawn"],
        )


TestLifecycle = Lifecycle.TestCase
TestLifecycle.settings = settings(max_examples=60, stateful_step_count=25)
