"""Which event concerns whom: for every event there is, somebody has decided."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts import topics
from contracts.applications import CallClosed, StandingApplication
from contracts.catalogue import EVENTS
from contracts.event import Event
from contracts.examples import example
from notifications import events
from notifications.domain import concerns
from notifications.domain.concerns import CONCERNS, OFFICE, SCHOOLS, SILENT, Each, Membership, One
from notifications.texts import catalogue

OTHERS = {kind.type: kind for kind in EVENTS.values() if kind.topic != topics.NOTIFICATIONS}
MOMENT = datetime(2025, 1, 2, tzinfo=UTC)


def facts_of(kind: str, **changed: object) -> dict[str, Any]:
    return dict(example(EVENTS[kind], **changed))


def test_every_event_of_the_other_services_tells_somebody_or_names_why_not() -> None:
    assert CONCERNS.keys() | SILENT.keys() == OTHERS.keys()
    assert not CONCERNS.keys() & SILENT.keys()
    assert all(SILENT.values())


def test_the_service_handles_exactly_the_events_that_concern_somebody() -> None:
    assert events.inbox.handled == CONCERNS.keys()
    assert topics.NOTIFICATIONS not in events.inbox.topics


def test_contracts_name_notifications_as_a_reader_of_what_it_tells_and_of_nothing_else() -> None:
    readers = {kind for kind, event in OTHERS.items() if "notifications" in event.read_by}
    assert readers == CONCERNS.keys()


@pytest.mark.parametrize("kind", CONCERNS)
def test_the_parties_and_deadlines_of_a_concern_are_fields_of_its_event(kind: str) -> None:
    facts = facts_of(kind)
    for concern in CONCERNS[kind]:
        match concern.to:
            case One(field):
                assert isinstance(facts[field], str)
            case Each(field):
                assert isinstance(facts[field], tuple)
            case _:
                pass
        assert concern.readers(facts) != concerns.Readers()
        assert concern.not_after(facts, MOMENT).tzinfo is not None


def test_templates_belong_to_one_concern_each_and_stand_in_both_catalogues() -> None:
    named = [concern.template for told in CONCERNS.values() for concern in told]
    assert len(named) == len(set(named))
    for language in ("ko", "en"):
        assert catalogue(language).templates.keys() == set(named)


def test_an_offer_is_told_until_it_expires_and_news_for_a_while() -> None:
    made = facts_of("ieum.evaluation.offer-made.v1")
    [offer] = CONCERNS["ieum.evaluation.offer-made.v1"]
    assert offer.not_after(made, MOMENT) == made["expires_at"]
    [receipt] = CONCERNS["ieum.applications.application-submitted.v1"]
    assert receipt.not_after({}, MOMENT) == MOMENT + timedelta(days=60)


def test_a_closed_call_is_told_to_the_applications_of_its_manifest() -> None:
    manifest = tuple(StandingApplication(application=f"app_{n}", sequence=1) for n in (1, 2))
    closed = example(CallClosed).model_copy(update={"manifest": manifest})
    [concern] = CONCERNS[CallClosed.type]
    assert concern.readers(dict(closed)).audiences == ("app_1", "app_2")


def test_an_office_matter_goes_to_the_office_as_well_as_to_the_school() -> None:
    facts = facts_of("ieum.evaluation.school-relinquished.v1")
    readers = [c.readers(facts).parties for c in CONCERNS["ieum.evaluation.school-relinquished.v1"]]
    assert readers == [(facts["school"],), (OFFICE,)]


def test_a_year_that_was_brought_in_from_before_is_nobodys_news() -> None:
    kind = "ieum.evaluation.school-selected.v1"
    assert concerns.concerns_of(kind, facts_of(kind, origin=None))
    assert not concerns.concerns_of(kind, facts_of(kind, origin="imported"))


def test_schools_join_by_registration_and_leave_when_they_close() -> None:
    registered, closed = "ieum.applications.school-registered.v1", "ieum.applications.school-closed.v1"
    school = facts_of(registered)["school"]
    assert list(concerns.joins(registered, facts_of(registered))) == [Membership(SCHOOLS, school)]
    assert list(concerns.leaves(closed, facts_of(closed))) == [Membership(SCHOOLS, school)]


@pytest.mark.parametrize("kind", OTHERS.values(), ids=lambda kind: kind.type)
def test_no_event_both_joins_an_audience_and_addresses_one(kind: type[Event]) -> None:
    facts = dict(example(kind))
    joins = list(concerns.joins(kind.type, facts))
    audiences = [a for concern in CONCERNS.get(kind.type, ()) for a in concern.readers(facts).audiences]
    assert not (joins and audiences), "a shared lock that becomes exclusive can deadlock"
