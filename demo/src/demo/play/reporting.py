"""What became of earlier cohorts: brought in before schools are evaluated by it, missing figures settled."""

from typing import Any, Final

from demo.cast import Outcomes
from demo.people import Route
from demo.play import calendar
from demo.play.stage import Stage
from demo.report.story import Label

IMPORT: Final = Route("placement", "POST", "/programme-years/{year}/outcomes/imports")
MISSING: Final = Route("evaluation", "GET", "/programme-years/{year}/missing-figures")
WAIVE: Final = Route("evaluation", "POST", "/applications/{application}/missing-figures")

AS_OF: Final = f"{calendar.YEAR - 1}-12-31"


async def import_outcomes(stage: Stage) -> None:
    """Employment of last year's cohort, retention of the one before: what the default rubric asks for."""
    with stage.phase(Label("지난 학생들의 성과", "outcomes of earlier cohorts"), 2) as step:
        await stage.drain.drained(mail=False)
        for cohort in (calendar.YEAR - 1, calendar.YEAR - 2):
            await _import(stage, cohort, AS_OF)
            step()


async def import_retention(stage: Stage) -> None:
    """A year later last year's cohort has been at work for twelve months; the year after asks for that."""
    await _import(stage, calendar.YEAR - 1, calendar.COUNTED.isoformat())


async def _import(stage: Stage, cohort: int, as_of: str) -> None:
    took_part = {each.school.register_key for each in stage.cast.participants}
    rows = [
        _row(stage.known.schools[each.school.register_key], each.outcomes, grown_up=str(cohort + 1) < as_of)
        for each in stage.cast.applicants
        if each.school.register_key in took_part
    ]
    body = {"as_of": as_of, "rows": rows, "close": True}
    await stage.desk.ask(stage.officer, IMPORT, body, year=cohort)


def _row(school: str, outcomes: Outcomes, *, grown_up: bool) -> dict[str, Any]:
    """A school's cohort; one that is grown up has been at work for twelve months."""
    return {
        "school": school,
        "enrolled": outcomes.graduates,
        "graduates": outcomes.graduates,
        "employed": outcomes.employed,
        "advanced": outcomes.advanced,
        "enlisted": outcomes.enlisted,
        "excluded": outcomes.excluded,
        "due_12": outcomes.employed if grown_up else 0,
        "retained_12": outcomes.retained if grown_up else 0,
    }


async def settle_missing(stage: Stage, year: int = calendar.YEAR, reason: str = "nobody_to_count") -> None:
    """A cohort of which nobody counts has no rate: an officer lets it count as nothing, with the reason."""
    missing = await stage.desk.see(stage.officer, MISSING, year=year)
    for application in sorted({each["application"] for each in missing if not each["waived"]}):
        await stage.desk.ask(stage.officer, WAIVE, {"reason": reason}, application=application)
