"""Each check of the ledger turns red where something is wrong: differences planted in real evidence."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from demo.ledger import chain, checks
from demo.ledger.chain import Link
from demo.ledger.evidence import Database, Evidence, Told
from demo.ledger.intents import Entry

pytestmark = pytest.mark.timeout(600)  # the year is played before the first of these

Plant = Callable[[Evidence], Evidence]


def with_database(evidence: Evidence, service: str, **changes: Any) -> Evidence:
    databases = dict(evidence.databases)
    databases[service] = replace(databases[service], **changes)
    return replace(evidence, databases=databases)


def with_rows(
    evidence: Evidence, service: str, table: str, change: Callable[[list[Mapping[str, Any]]], object]
) -> Evidence:
    state = dict(evidence.databases[service].state)
    rows = list(state[table])
    change(rows)
    return with_database(evidence, service, state=state | {table: tuple(rows)})


def event(evidence: Evidence, name: str) -> Told:
    return next(told for told in evidence.told if told.name == name)


def without_event(evidence: Evidence, name: str) -> Evidence:
    gone = event(evidence, name)
    return replace(evidence, told=tuple(told for told in evidence.told if told is not gone))


def with_event(
    evidence: Evidence, name: str, *, data: Mapping[str, Any] | None = None, **envelope: Any
) -> Evidence:
    """The event once more, as another one that follows it in its stream."""
    model = event(evidence, name)
    last = max(told.envelope.sequence for told in evidence.told if told.stream == model.stream)
    changes: dict[str, Any] = {"id": uuid4(), "sequence": last + 1} | envelope
    other = replace(model, envelope=replace(model.envelope, **changes), data={**model.data, **(data or {})})
    return replace(evidence, told=(*evidence.told, other))


def changed_event(evidence: Evidence, name: str, **envelope: Any) -> Evidence:
    model = event(evidence, name)
    other = replace(model, envelope=replace(model.envelope, **envelope))
    return replace(evidence, told=tuple(other if told is model else told for told in evidence.told))


def changed_entry(evidence: Evidence, operation: str, **answer: Any) -> Evidence:
    chosen = next(entry for entry in evidence.entries if entry.ok and entry.intent.operation == operation)
    other = Entry(chosen.intent, replace(chosen.answer, **answer))
    return replace(evidence, entries=tuple(other if e is chosen else e for e in evidence.entries))


SUBMIT = "POST /applications/{application}/submission"


def database(evidence: Evidence, service: str) -> Database:
    return evidence.databases[service]


def lost_effect(evidence: Evidence) -> Evidence:
    """Told ok, rolled back."""
    return with_database(evidence, "applications", kept=database(evidence, "applications").kept[1:])


def doubled_effect(evidence: Evidence) -> Evidence:
    """The same request done twice, in two databases."""
    kept = database(evidence, "applications").kept[0]
    return with_database(evidence, "placement", kept=(*database(evidence, "placement").kept, kept))


def other_answer(evidence: Evidence) -> Evidence:
    """The user was told something else than what stands in the database."""
    return changed_entry(evidence, SUBMIT, digest="0" * 64)


def refused_but_done(evidence: Evidence) -> Evidence:
    return changed_entry(evidence, SUBMIT, outcome="fail", status=409)


def unannounced(evidence: Evidence) -> Evidence:
    """A submission whose event was never told."""
    return without_event(evidence, "application-submitted")


def told_twice(evidence: Evidence) -> Evidence:
    return with_event(evidence, "application-submitted")


def lost_row(evidence: Evidence) -> Evidence:
    return with_rows(evidence, "applications", "submission", lambda rows: rows.pop())


def unasked_row(evidence: Evidence) -> Evidence:
    row = {"student": "stu_nobody"}
    return with_rows(evidence, "placement", "enrolment", lambda rows: rows.append(row))


def unasked_request(evidence: Evidence) -> Evidence:
    kept = replace(database(evidence, "placement").kept[0], key=str(uuid4()))
    return with_database(evidence, "placement", kept=(*database(evidence, "placement").kept, kept))


def causeless_event(evidence: Evidence) -> Evidence:
    return changed_event(evidence, "application-amended", correlationid=str(uuid4()))


def foreign_actor(evidence: Evidence) -> Evidence:
    """An event in the name of somebody who did not ask (an unscoped query)."""
    return changed_event(evidence, "application-amended", actor="somebody-else")


def message_about_nothing(evidence: Evidence) -> Evidence:
    def change(rows: list[Mapping[str, Any]]) -> None:
        rows[0] = {**rows[0], "event_id": str(uuid4())}

    return with_rows(evidence, "notifications", "delivery", change)


def untold_delivery(evidence: Evidence) -> Evidence:
    return without_event(evidence, "notification-delivered")


def dropped_inbox(evidence: Evidence) -> Evidence:
    """An event that a consumer lost (auto-commit before the work was done)."""
    return with_database(evidence, "evaluation", inbox=database(evidence, "evaluation").inbox[1:])


def done_twice(evidence: Evidence) -> Evidence:
    inbox = database(evidence, "notifications").inbox
    return with_database(evidence, "notifications", inbox=(*inbox, inbox[0]))


def done_though_parked(evidence: Evidence) -> Evidence:
    inbox = database(evidence, "placement").inbox
    return with_database(evidence, "placement", parked=(inbox[0].event,))


def wrongly_ignored(evidence: Evidence) -> Evidence:
    inbox = list(database(evidence, "evaluation").inbox)
    place = next(n for n, row in enumerate(inbox) if row.outcome == "applied")
    inbox[place] = replace(inbox[place], outcome="ignored")
    return with_database(evidence, "evaluation", inbox=tuple(inbox))


def behind(evidence: Evidence) -> Evidence:
    positions = dict(database(evidence, "placement").positions)
    place = next(place for place, offset in positions.items() if offset)
    positions[place] -= 1
    return with_database(evidence, "placement", positions=positions)


def stuck_outbox(evidence: Evidence) -> Evidence:
    return with_database(evidence, "evaluation", waiting=1)


def gap_on_topic(evidence: Evidence) -> Evidence:
    return changed_event(evidence, "application-submitted", sequence=7)


def never_published(evidence: Evidence) -> Evidence:
    """The emitting service counts further than the topic."""
    streams = dict(database(evidence, "evaluation").streams)
    streams[next(iter(streams))] += 1
    return with_database(evidence, "evaluation", streams=streams)


def wrong_partition(evidence: Evidence) -> Evidence:
    model = event(evidence, "application-submitted")
    other = replace(model, partition=(model.partition + 1) % 8)
    return replace(evidence, told=tuple(other if told is model else told for told in evidence.told))


def mark_left_behind(evidence: Evidence) -> Evidence:
    marks = dict(database(evidence, "notifications").marks)
    stream = next(iter(marks))
    marks[stream] = replace(marks[stream], sequence=marks[stream].sequence - 1)
    return with_database(evidence, "notifications", marks=marks)


def mark_parked(evidence: Evidence) -> Evidence:
    marks = dict(database(evidence, "placement").marks)
    stream = next(iter(marks))
    marks[stream] = replace(marks[stream], parked=True)
    return with_database(evidence, "placement", marks=marks)


def one_seat_too_many(evidence: Evidence) -> Evidence:
    """A school is promoted while every seat is held (a removed lock)."""
    model = event(evidence, "school-promoted")
    reserve = next(
        told
        for told in evidence.told
        if told.name == "school-reserved" and told.data["school"] != model.data["school"]
    )
    return with_event(
        evidence, "school-promoted", data={"school": reserve.data["school"]}, time=model.envelope.time
    )


def briefly_too_many(evidence: Evidence) -> Evidence:
    """The place was given before it fell free; at the end the count is right."""
    left = event(evidence, "school-relinquished")
    before = left.envelope.time.replace(year=left.envelope.time.year - 1)
    return changed_event(evidence, "school-promoted", time=before)


def quota_miscounted(evidence: Evidence) -> Evidence:
    def change(rows: list[Mapping[str, Any]]) -> None:
        rows[0] = {**rows[0], "held": rows[0]["held"] - 1}

    return with_rows(evidence, "evaluation", "quota", change)


def without_guard(service: str, guard: str) -> Plant:
    def plant(evidence: Evidence) -> Evidence:
        return with_database(evidence, service, guards=database(evidence, service).guards - {guard})

    return plant


def placed_twice(evidence: Evidence) -> Evidence:
    return with_event(evidence, "student-placed", data={"placement": "plc_second"})


def two_active_rows(evidence: Evidence) -> Evidence:
    def change(rows: list[Mapping[str, Any]]) -> None:
        rows.append({**rows[0], "id": "plc_second"})

    return with_rows(evidence, "placement", "placement", change)


def too_few_places(evidence: Evidence) -> Evidence:
    placed = event(evidence, "student-placed").data["opening"]
    opened = next(
        told for told in evidence.told if told.name == "opening-published" and told.data["opening"] == placed
    )
    other = replace(opened, data={**opened.data, "places": 0})
    return replace(evidence, told=tuple(other if told is opened else told for told in evidence.told))


def amended_after_withdrawal(evidence: Evidence) -> Evidence:
    gone = event(evidence, "application-withdrawn")
    return with_event(evidence, "application-amended", data={"application": gone.data["application"]})


def row_in_another_state(evidence: Evidence) -> Evidence:
    def change(rows: list[Mapping[str, Any]]) -> None:
        place = next(n for n, row in enumerate(rows) if row["state"] == "submitted")
        rows[place] = {**rows[place], "state": "withdrawn"}

    return with_rows(evidence, "applications", "application", change)


def missing_roster_row(evidence: Evidence) -> Evidence:
    """A row of a file that was taken in and told to nobody."""
    return without_event(evidence, "student-enrolled")


def unasked_outcome(evidence: Evidence) -> Evidence:
    row = {"programme_year": 2025, "school": "sch_nobody", "as_of": "2025-12-31"}
    return with_rows(evidence, "placement", "outcome", lambda rows: rows.append(row))


def uncaused_check(evidence: Evidence) -> Evidence:
    """A check that was answered in the name of somebody who did not ask."""
    return changed_event(evidence, "retention-checked", actor="somebody-else")


def quota_of_the_year_after(evidence: Evidence) -> Evidence:
    """A place of the year after is held by nobody."""

    def change(rows: list[Mapping[str, Any]]) -> None:
        place = next(n for n, row in enumerate(rows) if row["year"] == 2026)
        rows[place] = {**rows[place], "held": 1}

    return with_rows(evidence, "evaluation", "quota", change)


def untold_end(evidence: Evidence) -> Evidence:
    return without_event(evidence, "placement-ended")


def ended_twice(evidence: Evidence) -> Evidence:
    return with_event(evidence, "placement-ended")


def asked_after_its_answer(evidence: Evidence) -> Evidence:
    """A retention check comes due once more after it was answered."""
    model = event(evidence, "retention-checked")
    which = {name: model.data[name] for name in ("placement", "months", "student")}
    return with_event(evidence, "retention-due", data=which)


def with_log(evidence: Evidence, service: str, **changes: Any) -> Evidence:
    return with_database(evidence, service, audit=replace(database(evidence, service).audit, **changes))


def rewritten_audit_row(evidence: Evidence) -> Evidence:
    """Somebody else is made to have decided it."""
    rows = dict(database(evidence, "evaluation").audit.rows)
    first = next(iter(rows))
    rows[first] = {**rows[first], "actor": "somebody-else"}
    return with_log(evidence, "evaluation", rows=rows)


def rewritten_audit_chain(evidence: Evidence) -> Evidence:
    """A row is changed and everything sealed anew; only the heads that were told give it away."""
    log = database(rewritten_audit_row(evidence), "evaluation").audit
    links, before = list[Link](), chain.FIRST
    for link in log.links:
        new = replace(link, row_sha256=chain.hash_of(log.rows[link.row]))
        links.append(replace(new, head=chain.head_over(new, before)))
        before = links[-1].head
    own = {link.position: link.head for link in links}
    heads = frozenset(
        replace(head, head=own[head.position]) if head.service == "evaluation" else head for head in log.heads
    )
    return with_log(evidence, "evaluation", rows=log.rows, links=tuple(links), heads=heads)


def removed_audit_row(evidence: Evidence) -> Evidence:
    rows = dict(database(evidence, "placement").audit.rows)
    del rows[next(iter(rows))]
    return with_log(evidence, "placement", rows=rows)


def unsealed_audit_row(evidence: Evidence) -> Evidence:
    rows = dict(database(evidence, "notifications").audit.rows)
    rows[max(rows) + 1] = rows[max(rows)]
    return with_log(evidence, "notifications", rows=rows)


def cut_audit_chain(evidence: Evidence) -> Evidence:
    """The last rows are gone with their seals, from one on whose head was told."""
    log = database(evidence, "applications").audit
    last = max(head.position for head in log.heads if head.service == "applications")
    links = log.links[: last - 1]
    rows = {link.row: log.rows[link.row] for link in links}
    return with_log(evidence, "applications", rows=rows, links=links)


def opened_audit_chain(evidence: Evidence) -> Evidence:
    """A link is made to seal at another place."""
    links = list(database(evidence, "placement").audit.links)
    links[1] = replace(links[1], head=links[0].head)
    return with_log(evidence, "placement", links=tuple(links))


def untold_head(evidence: Evidence) -> Evidence:
    return without_event(evidence, "placement-audit-sealed")


def forgotten_head(evidence: Evidence) -> Evidence:
    """A service that is to keep the heads of another has lost one."""
    heads = database(evidence, "placement").audit.heads
    gone = next(head for head in heads if head.service == "evaluation")
    return with_log(evidence, "placement", heads=heads - {gone})


PLANTED: Mapping[int, tuple[Plant, ...]] = {
    1: (
        lost_effect,
        doubled_effect,
        other_answer,
        refused_but_done,
        unannounced,
        told_twice,
        lost_row,
        missing_roster_row,
    ),
    2: (
        unasked_row,
        unasked_request,
        causeless_event,
        foreign_actor,
        message_about_nothing,
        untold_delivery,
        unasked_outcome,
        uncaused_check,
    ),
    3: (dropped_inbox, done_twice, done_though_parked, wrongly_ignored, behind, stuck_outbox),
    4: (gap_on_topic, never_published, wrong_partition, mark_left_behind, mark_parked),
    5: (
        one_seat_too_many,
        briefly_too_many,
        quota_miscounted,
        quota_of_the_year_after,
        without_guard("evaluation", "never_above_the_limit"),
        without_guard("evaluation", "standing_is_counted"),
    ),
    6: (
        placed_twice,
        two_active_rows,
        too_few_places,
        untold_end,
        without_guard("placement", "one_active_placement"),
        without_guard("placement", "never_above_capacity"),
    ),
    7: (amended_after_withdrawal, row_in_another_state, ended_twice, asked_after_its_answer),
    8: (
        rewritten_audit_row,
        rewritten_audit_chain,
        removed_audit_row,
        unsealed_audit_row,
        cut_audit_chain,
        opened_audit_chain,
        untold_head,
        forgotten_head,
    ),
}


@pytest.mark.parametrize(
    ("number", "plant"),
    [
        pytest.param(number, plant, id=f"{number}-{plant.__name__}")
        for number, plants in PLANTED.items()
        for plant in plants
    ],
)
def test_a_planted_difference_turns_its_check_red(evidence: Evidence, number: int, plant: Plant) -> None:
    found = checks.CHECKS[number - 1](plant(evidence))
    assert found.number == number
    assert not found.holds


def test_nothing_is_red_where_nothing_was_planted(evidence: Evidence) -> None:
    assert all(check.holds for check in checks.check(evidence))


def test_a_row_that_is_there_twice_is_found(evidence: Evidence) -> None:
    planted = with_rows(evidence, "applications", "submission", lambda rows: rows.append(rows[0]))
    assert any("made twice" in difference for difference in checks.CHECKS[0](planted).differences)


def test_a_request_without_an_answer_may_have_been_done_once_but_not_twice(evidence: Evidence) -> None:
    unknown = changed_entry(evidence, SUBMIT, outcome="unknown", status=None, digest=None)
    first = checks.CHECKS[0](unknown)
    assert not [line for line in first.differences if "no answer" in line]
    asked = next(entry.intent.id for entry in unknown.entries if entry.answer.outcome == "unknown")
    kept = next(row for row in database(evidence, "applications").kept if row.key == asked)
    twice = with_database(unknown, "placement", kept=(*database(unknown, "placement").kept, kept))
    assert [line for line in checks.CHECKS[0](twice).differences if "done 2 times" in line]
