"""What evaluation tells is shown to the school; records are handed to the inbox as Kafka's would be."""

from datetime import UTC, datetime
from typing import Any, Final

import pytest
from tests.applications.town import Applicant, Town
from tests.asking import done
from tests.telling import Teller

from applications import events
from contracts import evaluation as told
from contracts.catalogue import EVENTS
from contracts.event import Event
from contracts.examples import example

AT = datetime(2025, 3, 20, 9, tzinfo=UTC)


class Evaluation(Teller):
    """Tells what the evaluation service would."""

    def __init__(self) -> None:
        super().__init__(AT)


@pytest.fixture
async def applicant(town: Town) -> Applicant:
    call = await town.open_call()
    [school] = await town.schools(1)
    return await town.submitted(school, call)


async def standing(applicant: Applicant) -> dict[str, Any]:
    shown: dict[str, Any] = (await applicant.show())["standing"]
    return shown


def outcome(event: type[Event], applicant: Applicant, **facts: Any) -> Event:
    return example(event, programme_year=2025, school=applicant.school, **facts)


RESERVED: Final = {"outcome": "reserve", "designations": (), "rank": 190, "reserve": 3}


async def test_a_school_sees_each_step_of_its_selection(town: Town, applicant: Applicant) -> None:
    evaluation = Evaluation()
    shown = await applicant.show()
    assert (shown["standing"], shown["review"], shown["status"]) == (None, None, None)

    steps: list[tuple[Event, dict[str, Any]]] = [
        (
            outcome(told.PreliminaryOutcomeAnnounced, applicant, **RESERVED),
            {"status": "preliminary_reserve", "rank": 190, "reserve": 3},
        ),
        (
            outcome(told.SchoolReserved, applicant, rank=189, reserve=2),
            {"status": "reserved", "rank": 189, "reserve": 2, "designations": [], "offer": None},
        ),
        (
            outcome(told.OfferMade, applicant, offer="off_1", designations=("work_study",), expires_at=AT),
            {"status": "reserved", "offer": "off_1", "offered_designations": ["work_study"], "reserve": 2},
        ),
        (
            outcome(told.OfferAccepted, applicant, offer="off_1"),
            {"status": "reserved", "offer": None, "offer_expires_at": None},
        ),
        (
            outcome(told.SchoolPromoted, applicant, offer="off_1", designations=("work_study",)),
            {"status": "selected", "designations": ["work_study"], "reserve": None},
        ),
        (
            outcome(told.SchoolRelinquished, applicant, reason="application_withdrawn"),
            {"status": "relinquished", "designations": [], "reasons": ["application_withdrawn"]},
        ),
    ]
    for event, expected in steps:
        await town.receive(evaluation.tells(event))
        assert (await standing(applicant)).items() >= expected.items()


@pytest.mark.parametrize("answer", [told.OfferDeclined, told.OfferExpired])
async def test_an_offer_that_is_not_taken_leaves_the_school_where_it_was(
    town: Town, applicant: Applicant, answer: type[Event]
) -> None:
    evaluation = Evaluation()
    await town.receive(
        evaluation.tells(outcome(told.SchoolReserved, applicant, rank=189, reserve=2)),
        evaluation.tells(outcome(told.OfferMade, applicant, offer="off_1")),
        evaluation.tells(outcome(answer, applicant, offer="off_1")),
    )
    assert (await standing(applicant)).items() >= {"status": "reserved", "reserve": 2, "offer": None}.items()


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (told.SchoolSelected, "selected"),
        (told.SchoolNotSelected, "not_selected"),
        (told.SchoolRevoked, "revoked"),
    ],
)
async def test_the_outcome_is_shown_and_officers_filter_by_it(
    town: Town, applicant: Applicant, event: type[Event], status: str
) -> None:
    await town.receive(Evaluation().tells(outcome(event, applicant)))
    assert (await standing(applicant))["status"] == status
    [row] = done(await town.officer.get("/applications", status=status))["items"]
    assert (row["id"], row["status"]) == (applicant.id, status)


async def test_review_and_publication_are_shown(town: Town, applicant: Applicant) -> None:
    evaluation = Evaluation()
    ids = {"programme_year": 2025, "application": applicant.id, "school": applicant.school}
    await town.receive(
        evaluation.tells(example(told.EligibilityDecided, **ids, eligible=True, reasons=())),
        evaluation.tells(
            example(told.EvaluationScheduled, **ids, stage="documents", starts_at=AT, ends_at=AT)
        ),
        evaluation.tells(
            example(
                told.ResultsPublished,
                programme_year=2025,
                stage="preliminary",
                published_at=AT,
                appeals_until=AT,
            )
        ),
    )
    review = (await applicant.show())["review"]
    assert (review["eligible"], review["stage"]) == (True, "documents")
    year = done(await applicant.staff.get("/programme-years/2025"))
    assert [(result["stage"], result["published_at"]) for result in year["results"]] == [
        ("preliminary", "2025-03-20T09:00:00Z")
    ]


async def test_an_event_told_twice_is_shown_once_and_an_earlier_year_does_not_touch_this_one(
    town: Town, applicant: Applicant
) -> None:
    evaluation = Evaluation()
    earlier = example(told.SchoolSelected, programme_year=2024, school=applicant.school, origin="imported")
    record = evaluation.tells(earlier)
    await town.receive(record, record)
    await town.receive(record)
    assert (await applicant.show())["standing"] is None
    assert len(await town.rows("select 1 from messaging.inbox")) == 1
    assert await town.rows("select year, status from standing") == [{"year": 2024, "status": "selected"}]
    assert await town.rows("select 1 from messaging.parked") == []


async def test_a_broken_event_is_parked_and_shows_nothing(town: Town, applicant: Applicant) -> None:
    record = Evaluation().tells(outcome(told.SchoolSelected, applicant))
    await town.receive(record.broken())
    assert (await applicant.show())["standing"] is None
    [parked] = await town.rows("select reason from messaging.parked")
    assert parked["reason"].startswith("schema")


def test_every_event_that_is_meant_for_this_service_is_handled() -> None:
    meant = {kind for kind, event in EVENTS.items() if "applications" in event.read_by}
    assert events.inbox.handled == meant
