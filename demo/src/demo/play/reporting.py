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
    continuing = [
        each
        for each in stage.cast.applicants
        if each.school.register_key in {one.school.register_key for one in stage.cast.participants}
    ]
    with stage.phase(Label("지난 학생들의 성과", "outcomes of earlier cohorts"), 2) as step:
        await stage.drain.drained(mail=False)
        for cohort in (calendar.YEAR - 1, calendar.YEAR - 2):
            rows = [
                _row(stage.known.schools[each.school.register_key], each.outcomes, cohort)
                for each in continuing
            ]
            body = {"as_of": AS_OF, "rows": rows, "close": True}
            await stage.desk.ask(stage.officer, IMPORT, body, year=cohort)
            step()


def _row(school: str, outcomes: Outcomes, cohort: int) -> dict[str, Any]:
    """A school's cohort; only the earlier one has been at work for twelve months."""
    grown_up = cohort < calendar.YEAR - 1
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


async def settle_missing(stage: Stage) -> None:
    """A cohort of which nobody counts has no rate: an officer lets it count as nothing, with the reason."""
    missing = await stage.desk.see(stage.officer, MISSING, year=calendar.YEAR)
    for application in sorted({each["application"] for each in missing}):
        await stage.desk.ask(stage.officer, WAIVE, {"reason": "nobody_to_count"}, application=application)
