"""One programme year through the public HTTP interfaces, on real Kafka and PostgreSQL."""

from collections import Counter

import pytest
from tests.demo.test_report import Page
from tests.end_to_end.conftest import Played

from demo.cast import SMALL
from demo.ledger.intents import read

pytestmark = pytest.mark.timeout(600)  # the first test plays the year


def test_the_ledger_is_clean_after_a_whole_year(played: Played) -> None:
    assert [(check.number, check.differences) for check in played.story.checks] == [
        (number, ()) for number in range(1, 9)
    ]


def test_every_invariant_compared_something(played: Played) -> None:
    for check in played.story.checks:
        assert check.compared
        assert all(any(sign.isdigit() for sign in line.en) for line in check.compared)


def test_the_places_are_given_out_and_those_that_fell_free_are_given_again(played: Played) -> None:
    stages = {stage.label.en: stage.count for stage in played.story.funnel}
    assert stages["specialised schools"] == SMALL.schools
    assert stages["selected"] == SMALL.seats
    assert played.story.selected == SMALL.seats
    assert len(_told(played, "school-relinquished")) == 1
    assert len(_told(played, "school-revoked")) == 1
    assert len(_told(played, "school-promoted")) == 2


def test_the_funnel_loses_exactly_who_left(played: Played) -> None:
    last = played.story.funnel[-1]
    assert [sum(one.count for one in moved) for moved in (last.lost, last.joined)] == [2, 2]
    for before, after in zip(played.story.funnel[1:-2], played.story.funnel[2:-1], strict=True):
        assert before.count - sum(loss.count for loss in after.lost) == after.count, after.label.en


def test_quotas_are_used_up_to_their_limit_and_not_beyond(played: Played) -> None:
    held = {quota.name: quota.held for quota in played.story.quotas}
    assert sum(held.values()) == SMALL.seats
    for quota in played.story.quotas:
        if quota.name != "general":
            assert quota.at_least <= quota.held <= quota.at_most


def test_what_must_not_be_possible_was_refused_by_its_rule(played: Played) -> None:
    refused = Counter(entry.answer.rule for entry in played.evidence.entries if not entry.ok)
    for rule in (
        "deadline_passed",
        "required",
        "role_missing",
        "application_not_found",
        "one_application_a_call",
        "approver_is_proposer",
        "call_not_open_yet",
        "not_assigned",
        "school_not_taking_part",
        "check_digit",
        "preferences_too_late",
        "offer_answered",
    ):
        assert refused[rule], rule


def test_students_are_placed_with_every_signature_and_told_so(played: Played) -> None:
    placed = played.story.placements
    assert placed.students == SMALL.students
    assert 0 < placed.placed == placed.accepted + played.story.followed.placed_again
    assert placed.took_part + placed.idle == placed.students
    told = {
        row["event_id"]
        for row in played.evidence.databases["notifications"].state["delivery"]
        if row["template"] == "student_placed" and row["state"] == "delivered"
    }
    assert told == {event.id for event in played.evidence.told if event.name == "student-placed"}


def test_the_second_round_is_over_what_the_first_one_left(played: Played) -> None:
    first, second = played.story.followed.rounds
    assert (first.number, second.number) == (1, 2)
    left = first.unmatched + first.declined + first.expired
    assert first.declined >= 1
    assert first.expired >= 1
    assert 0 < second.took_part <= left
    assert first.accepted + second.accepted == played.story.placements.accepted


def test_who_left_is_placed_again_and_the_others_are_followed_for_a_year(played: Played) -> None:
    followed = played.story.followed
    assert followed.placed_again == 1
    assert followed.ended >= 2
    six, twelve = followed.retention
    assert (six.months, twelve.months) == (6, 12)
    for checks in followed.retention:
        assert 0 < checks.retained <= checks.checked <= played.story.placements.placed
    due = {
        (event.data["placement"], event.data["months"])
        for event in played.evidence.told
        if event.name == "retention-due"
    }
    answered = {
        (event.data["placement"], event.data["months"])
        for event in played.evidence.told
        if event.name == "retention-checked"
    }
    assert due <= answered


def test_outcomes_are_counted_closed_and_once_corrected(played: Played) -> None:
    closed = [event.data for event in played.evidence.told if event.name == "outcome-reporting-closed"]
    days = {(data["programme_year"], data["as_of"]) for data in closed}
    assert {(2025, "2025-12-31"), (2025, "2026-12-14")} <= days
    assert played.story.followed.corrected == 1
    total = played.story.followed.total
    assert 0 < total.employed <= total.base <= total.graduates == SMALL.students


def test_the_year_after_is_called_under_its_own_policy_while_this_one_is_followed(played: Played) -> None:
    coming = played.story.followed.next_year
    assert coming.year == played.story.year + 1
    assert coming.confirmed + coming.dropped == coming.applied > 0
    opened = [event.data for event in played.evidence.told if event.name == "programme-year-opened"]
    assert {data["policy"]["cut_line"] for data in opened} == {"60", "65"}
    assert "2025" in coming.explanation_en


def test_one_submission_is_traced_from_the_request_to_its_last_notification(played: Played) -> None:
    trace = played.story.trace
    assert trace is not None
    first = min(trace.spans, key=lambda span: span.starts)
    assert (first.service, first.parent) == ("applications", None)
    assert first.name.startswith("POST /applications/")
    known = {span.id for span in trace.spans}
    assert all(span.parent in known for span in trace.spans if span is not first)
    assert {span.service for span in trace.spans} == {"applications", "evaluation", "notifications"}
    assert any("notification-delivered" in span.name for span in trace.spans)


def test_the_report_is_whole_and_says_what_is_simulated(played: Played) -> None:
    page = Page(played.report)
    assert page.wrong == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert "모의 데이터" in played.report
    assert "장부 일치" in played.report
    assert "<script" not in played.report
    assert "불변 조건 8가지가 모두 지켜졌습니다" in played.report


def test_the_report_names_no_school_company_or_student(played: Played) -> None:
    told = played.evidence.told
    names = {event.data["name_ko"] for event in told if event.name == "school-registered"}
    names |= {event.data["company_name_ko"] for event in told if event.name == "company-approved"}
    names |= {event.data["student"] for event in told if event.name == "student-enrolled"}
    assert not [name for name in names if name in played.report]


def test_the_terminal_tells_where_the_report_is_and_that_the_ledger_holds(played: Played) -> None:
    assert "report.html" in played.terminal
    assert played.terminal.count("holds") == 8


def test_no_mail_is_overtaken_by_its_deadline(played: Played) -> None:
    assert played.story.undelivered == 0
    late = [event for event in played.evidence.told if event.name == "notification-failed"]
    assert late == []


def test_the_ledger_has_every_intent_before_its_answer(played: Played) -> None:
    lines = (played.folder / "ledger.jsonl").read_text("utf-8").splitlines()
    asked: set[str] = set()
    for line in lines:
        if line.startswith('{"intent"'):
            asked.add(line.split('"id": "')[1][:36])
        else:
            assert line.split('"intent": "')[1][:36] in asked
    assert {entry.intent.id for entry in read(played.folder / "ledger.jsonl")} == asked


def test_nothing_is_left_running(played: Played) -> None:
    assert not list((played.folder / "pids").glob("*.pid"))
    assert not (played.folder / "run.json").exists()


def _told(played: Played, name: str) -> list[str]:
    return [event.id for event in played.evidence.told if event.name == name]
