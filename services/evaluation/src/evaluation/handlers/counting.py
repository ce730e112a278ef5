"""Use cases of what is told or put on record beside reviewers' sheets.

Once totals are worked out they follow what comes, late or corrected as it may be, until the final result;
what comes after it is kept and changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis import audit
from chassis.refusals import Conflict, Invalid, NotFound
from chassis.transaction import Transaction
from evaluation.domain import figures
from evaluation.domain.eligibility import Decided
from evaluation.domain.figures import Outcome
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.rubric import Bonus
from evaluation.domain.vocabulary import ApplicationId, Stage, Year
from evaluation.handlers import reviewing, rubrics
from evaluation.store import appeals, eligibility, intake
from evaluation.store import figures as store


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome as an event tells it, with where it comes from and when it was said."""

    outcome: Outcome
    origin: str
    at: datetime


async def take_outcomes(tx: Transaction, told: Sequence[Told]) -> None:
    """Keep outcomes, and let the totals of years follow that are worked out and not final."""
    now = await tx.now()
    await store.add_outcomes(tx, [(each.outcome, each.origin, each.at) for each in told], now)
    for year in await intake.years(tx):
        await _follow(tx, year, told)


async def _follow(tx: Transaction, year: Year, told: Sequence[Told]) -> None:
    programme = await intake.year_for_update(tx, year)
    if programme.stage is Stage.REVIEWING:
        return
    concerned = await _concerned(tx, programme, told)
    if not concerned:
        return
    if programme.stage is not Stage.FINAL:
        await _again(tx, programme, "outcomes_told")
        return
    for each in concerned:
        outcome = each.outcome
        detail = {
            "year": year,
            "cohort": outcome.cohort,
            "as_of": outcome.as_of.isoformat(),
            "revision": outcome.revision,
        }
        await audit.record(tx, "outcome_without_effect", outcome.school, reason="after_final", detail=detail)


async def _concerned(tx: Transaction, programme: ProgrammeYear, told: Sequence[Told]) -> list[Told]:
    """Those of the outcomes that a year counts, of schools that applied in it."""
    named = await rubrics.of_year(tx, programme)
    wanted = {pair for rubric in named.kinds.values() for pair in figures.wanted(rubric, programme.year)}
    asked = [each for each in told if (each.outcome.cohort, each.outcome.as_of) in wanted]
    applied = await store.applied(tx, programme.year, {each.outcome.school for each in asked})
    return [each for each in asked if each.outcome.school in applied]


async def close_reporting(
    tx: Transaction, cohort: int, as_of: date, manifest: dict[str, int], closed_at: datetime
) -> None:
    """Every school's outcomes of a cohort were told for a day; a stage waits until these are read."""
    await store.close_reporting(tx, cohort, as_of, manifest, closed_at)


async def waive(tx: Transaction, application: ApplicationId, reason: str) -> Year:
    """Let figures of an application that nobody told count as nothing; what is told yet counts. Its year.

    Raises:
        NotFound: rule `application_not_found`.
        Conflict: rules `wrong_stage`, `not_eligible`.
    """
    programme = await _on_appeal(tx, application) or await _open(tx, application)
    await store.waive(tx, application, reason, tx.actor, await tx.now())
    await audit.record(tx, "missing_figures_waived", application, reason=reason)
    return programme.year


async def record_bonus(tx: Transaction, application: ApplicationId, bonus: str, reason: str) -> None:
    """Put on record that an application earns a bonus.

    Raises:
        NotFound: rule `application_not_found`.
        Conflict: rules `wrong_stage`, `not_eligible`.
        Invalid: rules `bonus_unknown`, `bonus_by_answer`.
    """
    programme = await _open(tx, application)
    found = await _bonus(tx, programme, application, bonus)
    if found.ground != "officer":
        detail = f"{bonus} is earned by what the school answers, not on an officer's record"
        raise Invalid("bonus_by_answer", detail, "bonus")
    await store.record_bonus(tx, application, bonus, reason, await tx.now())
    await audit.record(tx, "bonus_recorded", application, reason=reason, detail={"bonus": bonus})
    await _again(tx, programme, "bonus_recorded")


async def withdraw_bonus(tx: Transaction, application: ApplicationId, bonus: str, reason: str) -> None:
    """Take a bonus off an application's record.

    Raises:
        NotFound: rules `application_not_found`, `bonus_not_recorded`.
        Conflict: rules `wrong_stage`, `not_eligible`.
    """
    programme = await _open(tx, application)
    if not await store.withdraw_bonus(tx, application, bonus):
        raise NotFound("bonus_not_recorded", "There is no such bonus on its record: bonus", "bonus")
    await audit.record(tx, "bonus_withdrawn", application, reason=reason, detail={"bonus": bonus})
    await _again(tx, programme, "bonus_withdrawn")


async def _open(tx: Transaction, application: ApplicationId) -> ProgrammeYear:
    """The year of an application whose record may still change."""
    programme = await intake.year_for_update(tx, await eligibility.year_of(tx, application))
    programme.must_be(Stage.REVIEWING, Stage.SCORED)
    standing: Decided = await eligibility.for_update(tx, application)
    if not standing.eligible or standing.withdrawn:
        raise Conflict("not_eligible", "The application is not evaluated: application", "application")
    return programme


async def _on_appeal(tx: Transaction, application: ApplicationId) -> ProgrammeYear | None:
    """The year of an application that an appeal may let in yet."""
    programme = await intake.year_for_update(tx, await eligibility.year_of(tx, application))
    waits = programme.stage is Stage.PRELIMINARY and await appeals.may_let_in(tx, application)
    return programme if waits else None


async def _bonus(tx: Transaction, programme: ProgrammeYear, application: ApplicationId, name: str) -> Bonus:
    named = await rubrics.of_year(tx, programme)
    kind = (await intake.parties(tx, [application]))[application].kind
    rubric = named.kinds.get(kind)
    found = next((each for each in rubric.bonus if each.name == name), None) if rubric else None
    if found is None:
        raise Invalid("bonus_unknown", f"The rubric has no bonus {name} for {kind} schools: bonus", "bonus")
    return found


async def _again(tx: Transaction, programme: ProgrammeYear, cause: str) -> None:
    """Work the totals out again, where they were; a run computed from others can no longer be approved."""
    if programme.stage is Stage.REVIEWING:
        return
    worked_out = await reviewing.score(tx, programme)
    detail = {"cause": cause, "totals": worked_out}
    await audit.record(tx, "totals_worked_out", str(programme.year), detail=detail)
