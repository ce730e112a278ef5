"""From companies and classes to work that lasts: steps of placement."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from demo.ledger.intents import Entry
from demo.ledger.steps.step import Counts, Row, Step, for_each, just, row, rows, within


def _list(entry: Entry) -> Iterator[Row]:
    yield "list", (entry.answer.told["round"], entry.intent.party)


def _rankings(entry: Entry) -> Iterator[Row]:
    for each in entry.intent.body["rankings"]:
        yield "ranking", (entry.answer.told["round"], each["opening"])


def _run(entry: Entry) -> Counts:
    return {
        "student-offered": entry.answer.told["offers"],
        "student-unmatched": entry.answer.told["unmatched"],
    }


def _placed(*path: str) -> Callable[[Entry], Counts]:
    def tells(entry: Entry) -> Counts:
        agreements = within(entry.answer.told, path)
        return {"student-placed": sum(each["placement"] is not None for each in agreements)}

    return tells


def _signed(entry: Entry) -> Counts:
    return {"student-placed": int(entry.answer.told["placement"] is not None)}


def _answered(entry: Entry) -> Counts:
    """Who is no longer there has left: the placement ends, or its end is corrected where it had ended."""
    return {"retention-checked": len(entry.intent.body["answers"])}


def _insured(entry: Entry) -> Counts:
    told = entry.answer.told
    return {"placement-ended": told["ended"], "placement-end-corrected": told["corrected"]}


def _counted(entry: Entry) -> Counts:
    told = entry.answer.told
    counts = {"outcome-reported": told["reported"], "outcome-corrected": told["corrected"]}
    return counts | {"outcome-reporting-closed": int(told["closed"])}


_FALLEN_AWAY: Final = frozenset({"student-offer-withdrawn", "student-agreement-ended", "preferences-opened"})
_INVITED_AGAIN: Final = frozenset({"preferences-opened"})
"""Who becomes free joins the round that takes lists, where there is one."""
_FILLED: Final = frozenset({"opening-filled"})
_FOLLOWING: Final = _INVITED_AGAIN | {"retention-checked"}
"""What an end says of checks whose day has come, and who is free to join a round."""
_ENDS: Final = frozenset({"placement-ended", "placement-end-corrected"})

STEPS: Final[Mapping[tuple[str, str], Step]] = {
    ("placement", "POST /companies"): Step(just(), row("company", "id")),
    ("placement", "POST /companies/approvals"): Step(for_each("company-approved")),
    ("placement", "POST /agreements"): Step(for_each("agreement-proposed"), rows("agreement")),
    ("placement", "POST /agreements/signatures"): Step(for_each("agreement-in-force")),
    ("placement", "POST /companies/{company}/sme-status"): Step(just()),
    ("placement", "POST /companies/{company}/suspension"): Step(
        just(company_suspended=1), may_tell=_FALLEN_AWAY
    ),
    ("placement", "POST /companies/{company}/reinstatement"): Step(just(company_reinstated=1)),
    ("placement", "POST /agreements/{agreement}/terms"): Step(just()),
    ("placement", "POST /agreements/{agreement}/terms/signature"): Step(just(agreement_changed=1)),
    ("placement", "POST /agreements/{agreement}/end"): Step(
        just(agreement_ended=1),
        may_tell=_FALLEN_AWAY | {"class-changed", "class-closed", "opening-withdrawn"},
    ),
    ("placement", "POST /tripartite-agreements/{agreement}/withdrawal"): Step(
        just(student_agreement_ended=1), may_tell=_INVITED_AGAIN
    ),
    ("placement", "PUT /classes/{employment_class}"): Step(just(class_changed=1)),
    ("placement", "POST /classes/{employment_class}/closure"): Step(just(class_closed=1)),
    ("placement", "POST /classes/{employment_class}/departures"): Step(
        just(student_left=1), may_tell=_FALLEN_AWAY
    ),
    ("placement", "POST /classes/{employment_class}/transfers"): Step(just(student_transferred=1)),
    ("placement", "PUT /students/{student}/guardian-consent"): Step(just()),
    ("placement", "PUT /openings/{opening}"): Step(just(opening_changed=1)),
    ("placement", "POST /openings/{opening}/withdrawal"): Step(just(opening_withdrawn=1)),
    ("placement", "POST /classes"): Step(just(class_opened=1), row("class", "id")),
    ("placement", "POST /classes/{employment_class}/roster"): Step(
        for_each("student-enrolled", "students"), rows("enrolment", "students"), may_tell=_INVITED_AGAIN
    ),
    ("placement", "POST /classes/{employment_class}/students"): Step(
        for_each("student-enrolled", "students"), rows("enrolment", "students"), may_tell=_INVITED_AGAIN
    ),
    ("placement", "POST /imports/rosters"): Step(
        lambda entry: {"student-enrolled": entry.intent.body["rows"]},
        row("import", "id"),
        may_tell=_INVITED_AGAIN,
    ),
    ("placement", "POST /openings"): Step(for_each("opening-published"), rows("opening")),
    ("placement", "POST /rounds"): Step(
        lambda entry: {"preferences-opened": entry.answer.told["students"]}, row("round", "id")
    ),
    ("placement", "PUT /rounds/{matching_round}/preferences"): Step(just(), _list),
    ("placement", "PUT /rounds/{matching_round}/rankings"): Step(just(), _rankings),
    ("placement", "POST /rounds/{matching_round}/closing"): Step(just()),
    ("placement", "POST /rounds/{matching_round}/run"): Step(_run),
    ("placement", "POST /offers/{offer}/acceptance"): Step(just(student_accepted=1), row("tripartite", "id")),
    ("placement", "POST /offers/{offer}/refusal"): Step(just(student_declined=1), may_tell=_INVITED_AGAIN),
    ("placement", "POST /offers/{offer}/withdrawal"): Step(
        just(student_offer_withdrawn=1), may_tell=_INVITED_AGAIN
    ),
    ("placement", "POST /classes/{employment_class}/signatures"): Step(
        _placed("agreements"), may_tell=_FILLED
    ),
    ("placement", "POST /tripartite-agreements/signatures"): Step(_placed(), may_tell=_FILLED),
    ("placement", "POST /tripartite-agreements/{agreement}/signature"): Step(_signed, may_tell=_FILLED),
    ("placement", "POST /placements"): Step(just(student_agreement_drafted=1), row("tripartite", "id")),
    ("placement", "POST /placements/{placement}/end"): Step(just(placement_ended=1), may_tell=_FOLLOWING),
    ("placement", "POST /placements/{placement}/end/correction"): Step(
        just(placement_end_corrected=1), may_tell=_FOLLOWING
    ),
    ("placement", "POST /placements/{placement}/end/revocation"): Step(
        just(placement_resumed=1), may_tell=_FOLLOWING | _FILLED
    ),
    ("placement", "POST /retention-checks/answers"): Step(_answered, may_tell=_ENDS | _INVITED_AGAIN),
    ("placement", "POST /retention-checks/insurance-records"): Step(_insured, may_tell=_FOLLOWING),
    ("placement", "POST /programme-years/{year}/destinations"): Step(just()),
    ("placement", "POST /students/departments"): Step(just()),
    ("placement", "POST /programme-years/{year}/outcomes"): Step(_counted),
    ("placement", "POST /programme-years/{year}/outcomes/closing"): Step(_counted),
    ("placement", "POST /programme-years/{year}/outcomes/imports"): Step(_counted),
    ("placement", "POST /programme-years/{year}/outcomes/imports/file"): Step(_counted),
}
