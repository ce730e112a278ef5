"""What each accepted request must have led to: the events that the contracts announce, and the rows it made.

This is the ledger's own account of the interfaces, written from their contracts and not from their code.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from demo.ledger.intents import Entry

Counts = Mapping[str, int]
Key = tuple[Any, ...]
Row = tuple[str, Key]
"""A name of `demo.ledger.state` and a key."""


def _nothing(_: Entry) -> Iterator[Row]:
    yield from ()


@dataclass(frozen=True, slots=True)
class Step:
    """An operation.

    Attributes:
        tells: How many events of which kind answer the request itself.
        makes: The rows that are there because of it.
        may_tell: Kinds of which the answer does not say how many there are.
    """

    tells: Callable[[Entry], Counts]
    makes: Callable[[Entry], Iterator[Row]] = _nothing
    may_tell: frozenset[str] = frozenset()


def _just(**counts: int) -> Callable[[Entry], Counts]:
    named = {name.replace("_", "-"): count for name, count in counts.items()}
    return lambda _: named


def _each(name: str, *path: str) -> Callable[[Entry], Counts]:
    """One event for each thing in the list that the answer holds at `path`."""
    return lambda entry: {name: len(_within(entry.answer.told, path))}


def _within(told: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        told = told[name]
    return told


def _row(table: str, *fields: str) -> Callable[[Entry], Iterator[Row]]:
    """The row that the answer describes, by the fields that hold its key."""

    def makes(entry: Entry) -> Iterator[Row]:
        yield table, tuple(entry.answer.told[name] for name in fields)

    return makes


def _rows(table: str, *path: str) -> Callable[[Entry], Iterator[Row]]:
    """A row for each thing in the list that the answer holds at `path`."""

    def makes(entry: Entry) -> Iterator[Row]:
        for each in _within(entry.answer.told, path):
            yield table, (each if isinstance(each, str) else each["id"],)

    return makes


def _from_path(entry: Entry, place: int) -> str:
    return entry.intent.path.split("/")[place]


def _extension(entry: Entry) -> Iterator[Row]:
    yield "extension", (_from_path(entry, 2), entry.intent.body["school"])


def _document(entry: Entry) -> Iterator[Row]:
    name = _from_path(entry, 4)
    yield "document", tuple(each["id"] for each in entry.answer.told["documents"] if each["name"] == name)


def _contact(entry: Entry) -> Iterator[Row]:
    # Officers have no party of their own: they share their office's contact.
    yield "contact", (entry.intent.party or "office:programme",)


def _participants(entry: Entry) -> Iterator[Row]:
    for each in entry.intent.body["participants"]:
        yield "participant", (int(_from_path(entry, 2)), each["school"])


def _reviewers(entry: Entry) -> Iterator[Row]:
    for each in entry.intent.body["reviewers"]:
        yield "reviewer", (each["id"],)


def _sheets(entry: Entry) -> Iterator[Row]:
    for each in entry.intent.body["sheets"]:
        yield "sheet", (each["application"], entry.intent.party)


def _sheet(entry: Entry) -> Iterator[Row]:
    yield "sheet", (_from_path(entry, 2), entry.intent.party)


def _recusals(entry: Entry) -> Counts:
    return {"reviewer-recused": entry.answer.told["recused"]}


def _publication(entry: Entry) -> Counts:
    told, counts = entry.answer.told, entry.answer.told["counts"]
    if told["stage"] == "preliminary":
        return {"preliminary-outcome-announced": sum(counts.values()), "results-published": 1}
    names = {"selected": "school-selected", "reserve": "school-reserved", "not_passed": "school-not-selected"}
    return {"results-published": 1} | {names[outcome]: count for outcome, count in counts.items()}


def _list(entry: Entry) -> Iterator[Row]:
    yield "list", (entry.answer.told["round"], entry.intent.party)


def _rankings(entry: Entry) -> Iterator[Row]:
    for each in entry.intent.body["rankings"]:
        yield "ranking", (entry.answer.told["round"], each["opening"])


def _withdrawal(entry: Entry) -> Counts:
    """Others are told only of what they were told of before."""
    return {"application-withdrawn": 1 if entry.answer.told["accepted"] else 0}


def _run(entry: Entry) -> Counts:
    return {
        "student-offered": entry.answer.told["offers"],
        "student-unmatched": entry.answer.told["unmatched"],
    }


def _placed(*path: str) -> Callable[[Entry], Counts]:
    def tells(entry: Entry) -> Counts:
        agreements = _within(entry.answer.told, path)
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
_OFFERED: Final = frozenset({"offer-made"})
"""A place that falls free is offered to whoever is next, and to nobody where the list is empty."""

STEPS: Final[Mapping[tuple[str, str], Step]] = {
    ("applications", "POST /schools/import"): Step(
        _each("school-registered", "schools"), _rows("school", "schools")
    ),
    ("applications", "PUT /programme-years/{year}"): Step(
        _just(programme_year_opened=1), _row("programme_year", "year")
    ),
    ("applications", "POST /programme-years/{year}/calls"): Step(_just(call_opened=1), _row("call", "id")),
    ("applications", "POST /calls/{call}/extensions"): Step(_just(extension_granted=1), _extension),
    ("applications", "POST /calls/{call}/closure"): Step(_just(call_closed=1)),
    ("applications", "POST /applications"): Step(_just(), _row("application", "id")),
    ("applications", "PUT /applications/{application}/answers"): Step(_just()),
    ("applications", "PUT /applications/{application}/documents/{name}"): Step(_just(), _document),
    ("applications", "POST /applications/{application}/submission"): Step(
        _just(application_submitted=1), _row("submission", "application", "version")
    ),
    ("applications", "POST /applications/{application}/amendment"): Step(
        _just(application_amended=1), _row("submission", "application", "version")
    ),
    ("applications", "POST /applications/{application}/withdrawal"): Step(_withdrawal),
    ("notifications", "PUT /contacts/me"): Step(_just(), _contact),
    ("evaluation", "POST /programme-years/{year}/participants"): Step(
        lambda entry: {"school-selected": entry.answer.told["added"]}, _participants
    ),
    ("evaluation", "POST /reviewers"): Step(_just(), _reviewers),
    ("evaluation", "POST /programme-years/{year}/assignments"): Step(
        lambda entry: {"reviewer-assigned": entry.answer.told["assigned"]},
        may_tell=frozenset({"evaluation-scheduled"}),
    ),
    ("evaluation", "POST /reviews/scores"): Step(_just(), _sheets),
    ("evaluation", "POST /reviews/{application}/scores"): Step(_just(), _sheet),
    ("evaluation", "PUT /reviews/{application}/draft"): Step(_just(), _sheet),
    ("evaluation", "POST /reviews/conflicts"): Step(_recusals),
    ("evaluation", "POST /reviews/{application}/recusal"): Step(_recusals),
    ("evaluation", "POST /reviewers/{reviewer}/conflicts"): Step(_recusals),
    ("evaluation", "POST /reviewers/{reviewer}/reviews/{application}/recusal"): Step(_recusals),
    ("evaluation", "POST /reviewers/{reviewer}/reviews/{application}/reopening"): Step(_just()),
    ("evaluation", "PUT /reviewers/{reviewer}"): Step(_recusals),
    ("evaluation", "PUT /school-corporations"): Step(_recusals),
    ("evaluation", "POST /programme-years/{year}/reviewers/{reviewer}/releases"): Step(
        lambda entry: {"reviewer-released": entry.answer.told["released"]}
    ),
    ("evaluation", "POST /programme-years/{year}/stages/{kind}/{stage}/closure"): Step(_just()),
    ("evaluation", "POST /programme-years/{year}/scoring-closure"): Step(_just()),
    ("evaluation", "POST /applications/{application}/missing-figures"): Step(_just()),
    ("evaluation", "PUT /programme-years/{year}/lot"): Step(_just()),
    ("evaluation", "POST /programme-years/{year}/runs"): Step(_just(run_proposed=1), _row("run", "id")),
    ("evaluation", "POST /runs/{run}/approval"): Step(_just(run_approved=1)),
    ("evaluation", "POST /runs/{run}/publication"): Step(_publication),
    ("evaluation", "POST /programme-years/{year}/what-ifs"): Step(_just(), _row("what_if", "id")),
    ("evaluation", "POST /programme-years/{year}/appeals"): Step(_just(appeal_received=1)),
    ("evaluation", "POST /appeals/{appeal}/panel"): Step(_each("reviewer-assigned", "panel")),
    ("evaluation", "POST /appeals/{appeal}/decision"): Step(_just(appeal_decided=1)),
    ("evaluation", "POST /programme-years/{year}/schools/{school}/revocation"): Step(
        _just(school_revoked=1), may_tell=_OFFERED | {"offer-declined"}
    ),
    ("evaluation", "POST /offers/{offer}/refusal"): Step(_just(offer_declined=1), may_tell=_OFFERED),
    ("evaluation", "POST /programme-years/{year}/relinquishment"): Step(
        _just(school_relinquished=1), may_tell=_OFFERED
    ),
    ("evaluation", "POST /offers/{offer}/acceptance"): Step(
        _just(offer_accepted=1, school_promoted=1), may_tell=_OFFERED
    ),
    ("placement", "POST /companies"): Step(_just(), _row("company", "id")),
    ("placement", "POST /companies/approvals"): Step(_each("company-approved")),
    ("placement", "POST /agreements"): Step(_each("agreement-proposed"), _rows("agreement")),
    ("placement", "POST /agreements/signatures"): Step(_each("agreement-in-force")),
    ("placement", "POST /companies/{company}/sme-status"): Step(_just()),
    ("placement", "POST /companies/{company}/suspension"): Step(
        _just(company_suspended=1), may_tell=_FALLEN_AWAY
    ),
    ("placement", "POST /companies/{company}/reinstatement"): Step(_just(company_reinstated=1)),
    ("placement", "POST /agreements/{agreement}/terms"): Step(_just()),
    ("placement", "POST /agreements/{agreement}/terms/signature"): Step(_just(agreement_changed=1)),
    ("placement", "POST /agreements/{agreement}/end"): Step(
        _just(agreement_ended=1),
        may_tell=_FALLEN_AWAY | {"class-changed", "class-closed", "opening-withdrawn"},
    ),
    ("placement", "POST /tripartite-agreements/{agreement}/withdrawal"): Step(
        _just(student_agreement_ended=1), may_tell=_INVITED_AGAIN
    ),
    ("placement", "PUT /classes/{employment_class}"): Step(_just(class_changed=1)),
    ("placement", "POST /classes/{employment_class}/closure"): Step(_just(class_closed=1)),
    ("placement", "POST /classes/{employment_class}/departures"): Step(
        _just(student_left=1), may_tell=_FALLEN_AWAY
    ),
    ("placement", "POST /classes/{employment_class}/transfers"): Step(_just(student_transferred=1)),
    ("placement", "PUT /students/{student}/guardian-consent"): Step(_just()),
    ("placement", "PUT /openings/{opening}"): Step(_just(opening_changed=1)),
    ("placement", "POST /openings/{opening}/withdrawal"): Step(_just(opening_withdrawn=1)),
    ("placement", "POST /classes"): Step(_just(class_opened=1), _row("class", "id")),
    ("placement", "POST /classes/{employment_class}/roster"): Step(
        _each("student-enrolled", "students"), _rows("enrolment", "students"), may_tell=_INVITED_AGAIN
    ),
    ("placement", "POST /classes/{employment_class}/students"): Step(
        _each("student-enrolled", "students"), _rows("enrolment", "students"), may_tell=_INVITED_AGAIN
    ),
    ("placement", "POST /imports/rosters"): Step(
        lambda entry: {"student-enrolled": entry.intent.body["rows"]},
        _row("import", "id"),
        may_tell=_INVITED_AGAIN,
    ),
    ("placement", "POST /openings"): Step(_each("opening-published"), _rows("opening")),
    ("placement", "POST /rounds"): Step(
        lambda entry: {"preferences-opened": entry.answer.told["students"]}, _row("round", "id")
    ),
    ("placement", "PUT /rounds/{matching_round}/preferences"): Step(_just(), _list),
    ("placement", "PUT /rounds/{matching_round}/rankings"): Step(_just(), _rankings),
    ("placement", "POST /rounds/{matching_round}/closing"): Step(_just()),
    ("placement", "POST /rounds/{matching_round}/run"): Step(_run),
    ("placement", "POST /offers/{offer}/acceptance"): Step(
        _just(student_accepted=1), _row("tripartite", "id")
    ),
    ("placement", "POST /offers/{offer}/refusal"): Step(_just(student_declined=1), may_tell=_INVITED_AGAIN),
    ("placement", "POST /offers/{offer}/withdrawal"): Step(
        _just(student_offer_withdrawn=1), may_tell=_INVITED_AGAIN
    ),
    ("placement", "POST /classes/{employment_class}/signatures"): Step(
        _placed("agreements"), may_tell=_FILLED
    ),
    ("placement", "POST /tripartite-agreements/signatures"): Step(_placed(), may_tell=_FILLED),
    ("placement", "POST /tripartite-agreements/{agreement}/signature"): Step(_signed, may_tell=_FILLED),
    ("placement", "POST /placements"): Step(_just(student_agreement_drafted=1), _row("tripartite", "id")),
    ("placement", "POST /placements/{placement}/end"): Step(_just(placement_ended=1), may_tell=_FOLLOWING),
    ("placement", "POST /placements/{placement}/end/correction"): Step(
        _just(placement_end_corrected=1), may_tell=_FOLLOWING
    ),
    ("placement", "POST /placements/{placement}/end/revocation"): Step(
        _just(placement_resumed=1), may_tell=_FOLLOWING | _FILLED
    ),
    ("placement", "POST /retention-checks/answers"): Step(_answered, may_tell=_ENDS | _INVITED_AGAIN),
    ("placement", "POST /retention-checks/insurance-records"): Step(_insured, may_tell=_FOLLOWING),
    ("placement", "POST /programme-years/{year}/destinations"): Step(_just()),
    ("placement", "POST /students/departments"): Step(_just()),
    ("placement", "POST /programme-years/{year}/outcomes"): Step(_counted),
    ("placement", "POST /programme-years/{year}/outcomes/closing"): Step(_counted),
    ("placement", "POST /programme-years/{year}/outcomes/imports"): Step(_counted),
    ("placement", "POST /programme-years/{year}/outcomes/imports/file"): Step(_counted),
}
"""By service and operation."""
