"""What leads to the final result, and contacts: steps of applications, evaluation and notifications."""

from collections.abc import Iterator, Mapping
from typing import Final

from demo.ledger.intents import Entry
from demo.ledger.steps.step import Counts, Row, Step, for_each, from_path, just, row, rows


def _extension(entry: Entry) -> Iterator[Row]:
    yield "extension", (from_path(entry, 2), entry.intent.body["school"])


def _document(entry: Entry) -> Iterator[Row]:
    name = from_path(entry, 4)
    yield "document", tuple(each["id"] for each in entry.answer.told["documents"] if each["name"] == name)


def _contact(entry: Entry) -> Iterator[Row]:
    # Officers have no party of their own: they share their office's contact.
    yield "contact", (entry.intent.party or "office:programme",)


def _participants(entry: Entry) -> Iterator[Row]:
    for each in entry.intent.body["participants"]:
        yield "participant", (int(from_path(entry, 2)), each["school"])


def _reviewers(entry: Entry) -> Iterator[Row]:
    for each in entry.intent.body["reviewers"]:
        yield "reviewer", (each["id"],)


def _sheets(entry: Entry) -> Iterator[Row]:
    for each in entry.intent.body["sheets"]:
        yield "sheet", (each["application"], entry.intent.party)


def _sheet(entry: Entry) -> Iterator[Row]:
    yield "sheet", (from_path(entry, 2), entry.intent.party)


def _recusals(entry: Entry) -> Counts:
    return {"reviewer-recused": entry.answer.told["recused"]}


def _publication(entry: Entry) -> Counts:
    told, counts = entry.answer.told, entry.answer.told["counts"]
    if told["stage"] == "preliminary":
        return {"preliminary-outcome-announced": sum(counts.values()), "results-published": 1}
    names = {"selected": "school-selected", "reserve": "school-reserved", "not_passed": "school-not-selected"}
    return {"results-published": 1} | {names[outcome]: count for outcome, count in counts.items()}


def _withdrawal(entry: Entry) -> Counts:
    """Others are told only of what they were told of before."""
    return {"application-withdrawn": 1 if entry.answer.told["accepted"] else 0}


_OFFERED: Final = frozenset({"offer-made"})
"""A place that falls free is offered to whoever is next, and to nobody where the list is empty."""

STEPS: Final[Mapping[tuple[str, str], Step]] = {
    ("applications", "POST /schools/import"): Step(
        for_each("school-registered", "schools"), rows("school", "schools")
    ),
    ("applications", "PUT /programme-years/{year}"): Step(
        just(programme_year_opened=1), row("programme_year", "year")
    ),
    ("applications", "POST /programme-years/{year}/calls"): Step(just(call_opened=1), row("call", "id")),
    ("applications", "POST /calls/{call}/extensions"): Step(just(extension_granted=1), _extension),
    ("applications", "POST /calls/{call}/closure"): Step(just(call_closed=1)),
    ("applications", "POST /applications"): Step(just(), row("application", "id")),
    ("applications", "PUT /applications/{application}/answers"): Step(just()),
    ("applications", "PUT /applications/{application}/documents/{name}"): Step(just(), _document),
    ("applications", "POST /applications/{application}/submission"): Step(
        just(application_submitted=1), row("submission", "application", "version")
    ),
    ("applications", "POST /applications/{application}/amendment"): Step(
        just(application_amended=1), row("submission", "application", "version")
    ),
    ("applications", "POST /applications/{application}/withdrawal"): Step(_withdrawal),
    ("notifications", "PUT /contacts/me"): Step(just(), _contact),
    ("evaluation", "POST /programme-years/{year}/participants"): Step(
        lambda entry: {"school-selected": entry.answer.told["added"]}, _participants
    ),
    ("evaluation", "POST /reviewers"): Step(just(), _reviewers),
    ("evaluation", "POST /programme-years/{year}/assignments"): Step(
        lambda entry: {"reviewer-assigned": entry.answer.told["assigned"]},
        may_tell=frozenset({"evaluation-scheduled"}),
    ),
    ("evaluation", "POST /reviews/scores"): Step(just(), _sheets),
    ("evaluation", "POST /reviews/{application}/scores"): Step(just(), _sheet),
    ("evaluation", "PUT /reviews/{application}/draft"): Step(just(), _sheet),
    ("evaluation", "POST /reviews/conflicts"): Step(_recusals),
    ("evaluation", "POST /reviews/{application}/recusal"): Step(_recusals),
    ("evaluation", "POST /reviewers/{reviewer}/conflicts"): Step(_recusals),
    ("evaluation", "POST /reviewers/{reviewer}/reviews/{application}/recusal"): Step(_recusals),
    ("evaluation", "POST /reviewers/{reviewer}/reviews/{application}/reopening"): Step(just()),
    ("evaluation", "PUT /reviewers/{reviewer}"): Step(_recusals),
    ("evaluation", "PUT /school-corporations"): Step(_recusals),
    ("evaluation", "POST /programme-years/{year}/reviewers/{reviewer}/releases"): Step(
        lambda entry: {"reviewer-released": entry.answer.told["released"]}
    ),
    ("evaluation", "POST /programme-years/{year}/stages/{kind}/{stage}/closure"): Step(just()),
    ("evaluation", "POST /programme-years/{year}/scoring-closure"): Step(just()),
    ("evaluation", "POST /applications/{application}/missing-figures"): Step(just()),
    ("evaluation", "PUT /programme-years/{year}/lot"): Step(just()),
    ("evaluation", "POST /programme-years/{year}/runs"): Step(just(run_proposed=1), row("run", "id")),
    ("evaluation", "POST /runs/{run}/approval"): Step(just(run_approved=1)),
    ("evaluation", "POST /runs/{run}/publication"): Step(_publication),
    ("evaluation", "POST /programme-years/{year}/what-ifs"): Step(just(), row("what_if", "id")),
    ("evaluation", "POST /programme-years/{year}/appeals"): Step(just(appeal_received=1)),
    ("evaluation", "POST /appeals/{appeal}/panel"): Step(for_each("reviewer-assigned", "panel")),
    ("evaluation", "POST /appeals/{appeal}/decision"): Step(just(appeal_decided=1)),
    ("evaluation", "POST /programme-years/{year}/schools/{school}/revocation"): Step(
        just(school_revoked=1), may_tell=_OFFERED | {"offer-declined"}
    ),
    ("evaluation", "POST /offers/{offer}/refusal"): Step(just(offer_declined=1), may_tell=_OFFERED),
    ("evaluation", "POST /programme-years/{year}/relinquishment"): Step(
        just(school_relinquished=1), may_tell=_OFFERED
    ),
    ("evaluation", "POST /offers/{offer}/acceptance"): Step(
        just(offer_accepted=1, school_promoted=1), may_tell=_OFFERED
    ),
}
