"""Routes of what has to be known before review: earlier participants, and how far things are."""

from pydantic import BaseModel, ConfigDict, Field

from evaluation.handlers import intake as handlers
from evaluation.handlers import rubrics
from evaluation.http.bodies import ParticipantsBody, YearPath
from evaluation.http.identity import Officer, Overseer
from evaluation.views import progress as views
from evaluation.views.shapes import IneligibleView, ProgressView, SchoolsView
from web import Read, Router, Tx

router = Router(tags=["preparation and progress"])


class ImportedView(BaseModel):
    model_config = ConfigDict(frozen=True)

    added: int = Field(description="Participants that were not known before")
    unchanged: int


@router.get("/schools")
async def count_schools(_: Overseer, read: Read) -> SchoolsView:
    """How many schools are known here already."""
    return await views.schools(read)


@router.post("/programme-years/{year}/participants", status_code=201)
async def import_participants(year: YearPath, body: ParticipantsBody, _: Officer, tx: Tx) -> ImportedView:
    """Bring in who took part in a year before this software; continuing schools are checked against it."""
    participants = body.all()
    added = await handlers.import_participants(tx, year, participants)
    return ImportedView(added=added, unchanged=len(participants) - added)


@router.get("/programme-years/{year}/progress")
async def show_progress(year: YearPath, _: Overseer, read: Read) -> ProgressView:
    """How far evaluation has come, what it waits for and who is late."""
    return await views.progress(read, year, await rubrics.in_use(read, year))


@router.get("/programme-years/{year}/ineligible")
async def list_ineligible(year: YearPath, _: Overseer, read: Read) -> list[IneligibleView]:
    """Applications that are not evaluated, and why."""
    return await views.ineligible(read, year)
