"""Routes of outcomes: earlier years brought in, cohorts counted, reporting closed."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import Field
from starlette.responses import Response

from chassis.refusals import NotFound
from contracts import values
from papers.tables import to_csv
from placement.domain.destinations import Destination, DestinationKind
from placement.domain.outcomes import Cell, Figures, ImportedRow
from placement.domain.vocabulary import Year
from placement.handlers import outcomes as handlers
from placement.http.bodies import Body, GivenStudent, Track
from placement.http.identity import Anyone, ConfinedSchool, Officer, School
from placement.views import destinations
from placement.views import outcomes as views
from placement.views.destinations import DestinationView
from placement.views.outcomes import Dimension, OutcomesView, RevisionView
from placement.views.shapes import Page, Slice
from web import Read, Router, Tx

router = Router(tags=["outcomes"])

MOST_ROWS = 5_000

YearPath = Annotated[int, Path(ge=2008, le=2999, description="The cohort", examples=[2024])]
AsOf = Annotated[date, Field(description="Day in Korea for which the figures hold", examples=["2025-04-01"])]
Heads = Annotated[int, Field(ge=0, le=values.LARGEST, examples=[12])]
Department = Annotated[
    str, Field(max_length=80, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", examples=["스마트팩토리과"])
]
SchoolPath = Annotated[str, Path(max_length=64)]


class ImportedOutcome(Body):
    """Students of a school, by track and department where that is known."""

    school: values.SchoolId
    track: Track | None = None
    department: Department = ""
    enrolled: Heads = Field(examples=[32])
    graduates: Heads = Field(examples=[31])
    employed: Heads = Field(examples=[22])
    advanced: Heads = Field(default=0, examples=[4])
    enlisted: Heads = Field(default=0, examples=[2])
    excluded: Heads = Field(default=0, examples=[1])
    due_6: Heads = Field(default=0, examples=[20])
    retained_6: Heads = Field(default=0, examples=[17])
    due_12: Heads = Field(default=0, examples=[0])
    retained_12: Heads = Field(default=0, examples=[0])

    def row(self, at: str) -> ImportedRow:
        cell = Cell(self.track or "", self.department)
        figures = self.model_dump(exclude={"school", "track", "department"})
        return ImportedRow(at, self.school, cell, Figures(**figures))


class ImportOutcomes(Body):
    as_of: AsOf
    rows: Annotated[list[ImportedOutcome], Field(min_length=1, max_length=MOST_ROWS)]
    reason: values.Reason | None = Field(
        default=None, description="Why figures brought in before are replaced", examples=["late_evidence"]
    )
    close: bool = Field(default=False, description="Close reporting: nothing is missing", examples=[True])


class CountOutcomes(Body):
    as_of: AsOf
    reason: values.Reason | None = Field(
        default=None, description="Why figures that were told are counted again", examples=["late_evidence"]
    )


class CloseOutcomes(Body):
    as_of: AsOf
    accept_unconfirmed: bool = Field(
        default=False, description="Checks without an answer count as not lasting", examples=[False]
    )


class DestinationBody(Body):
    student: GivenStudent
    kind: DestinationKind = Field(examples=["advanced_study"])
    since: date = Field(examples=["2026-03-02"])

    def destination(self) -> Destination:
        return Destination(self.student, self.kind, self.since)


class RecordDestinations(Body):
    rows: Annotated[list[DestinationBody], Field(min_length=1, max_length=MOST_ROWS)]


class DepartmentBody(Body):
    student: GivenStudent
    department: Department = Field(min_length=1)


class NameDepartments(Body):
    rows: Annotated[list[DepartmentBody], Field(min_length=1, max_length=MOST_ROWS)]


class RecordedView(Body):
    rows: int


class OutcomeFilter(Body):
    by: Dimension = "school"
    as_of: date | None = Field(default=None, description="The newest day there is where it is left out")


class OpenDataFilter(Body):
    programme_year: int = Field(ge=2008, le=2999, examples=[2024])
    as_of: date = Field(examples=["2025-04-01"])
    table: Literal["groups", "provinces"] = "groups"


class CountedView(Body):
    """Schools told for the first time, corrected, and left as they were."""

    programme_year: int
    as_of: date
    reported: int
    corrected: int
    unchanged: int
    closed: bool


@router.post("/programme-years/{year}/outcomes/imports", status_code=201)
async def import_outcomes(year: YearPath, body: ImportOutcomes, _: Officer, tx: Tx) -> CountedView:
    """Bring in a cohort of before the platform, all rows or none; figures that differ are corrections."""
    rows = [each.row(f"rows.{at}") for at, each in enumerate(body.rows)]
    counted = await handlers.import_outcomes(tx, Year(year), body.as_of, rows, body.reason)
    if body.close:
        await handlers.close_imported(tx, Year(year), body.as_of)
    return counted_view(year, body.as_of, counted, closed=body.close)


@router.post("/programme-years/{year}/outcomes", status_code=201)
async def count_outcomes(year: YearPath, body: CountOutcomes, _: Officer, tx: Tx) -> CountedView:
    """Count a cohort for a day that is over; schools whose figures differ from the last are told."""
    counted = await handlers.count_outcomes(tx, Year(year), body.as_of, body.reason)
    return counted_view(year, body.as_of, counted, closed=False)


@router.post("/programme-years/{year}/outcomes/closing", status_code=201)
async def close_outcomes(year: YearPath, body: CloseOutcomes, _: Officer, tx: Tx) -> CountedView:
    """Count once more and close: others build on it from here; later counts are corrections."""
    accepted = body.accept_unconfirmed
    counted = await handlers.close_outcomes(tx, Year(year), body.as_of, accept_unconfirmed=accepted)
    return counted_view(year, body.as_of, counted, closed=True)


@router.post("/programme-years/{year}/destinations", status_code=201)
async def record_destinations(
    year: YearPath, body: RecordDestinations, school: School, tx: Tx
) -> RecordedView:
    """Say what became of students besides placements, all rows or none; what was said before is kept."""
    rows = [each.destination() for each in body.rows]
    await handlers.record_destinations(tx, Year(year), school, rows)
    return RecordedView(rows=len(rows))


@router.get("/programme-years/{year}/destinations")
async def list_destinations(
    year: YearPath, wanted: Annotated[Slice, Query()], school: ConfinedSchool, read: Read
) -> Page[DestinationView]:
    """Students of a year with department and what was said last: one's own; officers and auditors see all."""
    return await destinations.destinations(read, year, school, wanted)


@router.post("/students/departments", status_code=201)
async def name_departments(body: NameDepartments, school: School, tx: Tx) -> RecordedView:
    """Say which department (학과) students are of; outcomes are counted by it."""
    named = {row.student: row.department for row in body.rows}
    await handlers.name_departments(tx, school, named)
    return RecordedView(rows=len(named))


@router.get("/programme-years/{year}/outcomes")
async def show_outcomes(
    year: YearPath, wanted: Annotated[OutcomeFilter, Query()], school: ConfinedSchool, read: Read
) -> OutcomesView:
    """A cohort by school, department, track or province: one's own; officers and auditors see all."""
    return await views.outcomes(read, year, wanted.by, wanted.as_of, school)


@router.get("/programme-years/{year}/outcomes/revisions/{school}")
async def list_revisions(
    year: YearPath, school: SchoolPath, own: ConfinedSchool, read: Read
) -> list[RevisionView]:
    """Everything that was ever told of a school's cohort, corrections and their reasons included."""
    if own not in (None, school):
        raise NotFound("school_not_found", "There is no such school", "school")
    return await views.revisions(read, year, school)


@router.get("/open-data/outcomes.csv", response_class=Response)
async def download_open_data(wanted: Annotated[OpenDataFilter, Query()], _: Anyone, read: Read) -> Response:
    """Open data of a closed cohort as CSV; groups too small to be told apart are put together.

    Employment is told of the first day of a cohort that is closed, retention of every one, both as they were
    counted then; provinces tell of employment, so they have no lines for a later day.
    """
    table = views.open_groups if wanted.table == "groups" else views.open_provinces
    content = to_csv(await table(read, wanted.programme_year, wanted.as_of))
    name = f"outcomes-{wanted.programme_year}-{wanted.as_of.isoformat()}-{wanted.table}.csv"
    disposition = f'attachment; filename="{name}"'
    return Response(content, media_type="text/csv", headers={"Content-Disposition": disposition})


def counted_view(year: int, as_of: date, counted: handlers.Counted, *, closed: bool) -> CountedView:
    return CountedView(
        programme_year=year,
        as_of=as_of,
        reported=counted.reported,
        corrected=counted.corrected,
        unchanged=counted.unchanged,
        closed=closed,
    )
