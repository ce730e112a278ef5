"""Use cases of rubrics: versions are saved until the first score or closed stage freezes a year's."""

from dataclasses import replace

from chassis import audit
from chassis.refusals import Conflict, Invalid, NotFound, Refusal, Several
from chassis.transaction import ReadTransaction, Transaction
from evaluation.domain import fitting, rubric_checks
from evaluation.domain.fitting import RubricInUse
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.rubric import Rubrics
from evaluation.domain.vocabulary import Year
from evaluation.store import intake
from evaluation.store import rubrics as store


async def of_year(tx: ReadTransaction, programme: ProgrammeYear) -> Rubrics:
    """The rubric of a year: the version its first submitted score or closed stage froze, else the newest.

    Raises:
        Conflict: rule `rubric_missing`.
    """
    frozen = await store.frozen(tx, programme.year)
    name = programme.policy.rubric
    found = await store.newest(tx, name) if frozen is None else frozen[0]
    if found is None:
        raise Conflict("rubric_missing", f"There is no rubric named {name}: rubric", "rubric")
    return found


async def first_stages(tx: ReadTransaction, programme: ProgrammeYear) -> dict[str, str]:
    """What is reviewed first of each kind of school; nothing is known as long as there is no rubric."""
    frozen = await store.frozen(tx, programme.year)
    named = await store.newest(tx, programme.policy.rubric) if frozen is None else frozen[0]
    return {} if named is None else {kind: rubric.stages[0].stage for kind, rubric in named.kinds.items()}


async def usable(tx: ReadTransaction, programme: ProgrammeYear) -> Rubrics:
    """The year's rubric, when it has all that the year's policy counts on.

    Raises:
        Conflict: rules `rubric_missing`, `rubric_incomplete`.
    """
    named = await of_year(tx, programme)
    problems = [problem.detail for problem in fitting.unfit(named, programme.policy)]
    if problems:
        raise Conflict("rubric_incomplete", f"rubric: {'; '.join(problems)}", "rubric")
    return named


async def in_use(tx: ReadTransaction, year: Year) -> RubricInUse:
    """The rubric of a year with what keeps it from being used, for officers to see in time.

    Raises:
        NotFound: rule `programme_year_not_found`.
    """
    programme = await intake.year(tx, year)
    frozen = await store.frozen(tx, year)
    name = programme.policy.rubric
    named = await store.newest(tx, name) if frozen is None else frozen[0]
    if named is None:
        problem = Invalid("rubric_missing", f"There is no rubric named {name}", "rubric")
        return RubricInUse(name, None, None, (problem,))
    problems = tuple(fitting.unfit(named, programme.policy))
    return RubricInUse(name, named.version, None if frozen is None else frozen[1], problems)


async def freeze(tx: Transaction, programme: ProgrammeYear, named: Rubrics) -> None:
    """Scores came in or a stage is closed by this version: no other one counts for the year any more."""
    if await store.freeze(tx, programme.year, named, await tx.now()):
        detail = {"rubric": named.name, "version": named.version}
        await audit.record(tx, "rubric_frozen", str(programme.year), detail=detail)


async def save(tx: Transaction, rubrics: Rubrics) -> Rubrics:
    """Save the next version of a rubric, for each year that is not scored by it yet; the version it got.

    What is the same as the newest version is no new one. The version given is not looked at.

    Raises:
        Invalid: see `rubric_checks.refuse` and `fitting.unfit`.
        Conflict: rules `rubric_frozen`, `rubric_saved_meanwhile`.
    """
    rubric_checks.refuse(rubrics)
    years = await store.years_under_way(tx, rubrics.name)
    open_years = [programme for programme, frozen in years if not frozen]
    newest = await store.newest(tx, rubrics.name)
    if newest is not None and newest == replace(rubrics, version=newest.version):
        return newest
    if years and not open_years:
        scored = ", ".join(str(programme.year) for programme, _ in years)
        raise Conflict("rubric_frozen", f"{scored} is scored by this rubric already: name", "name")
    refusals: list[Refusal] = [
        problem for programme in open_years for problem in fitting.unfit(rubrics, programme.policy)
    ]
    if refusals:
        raise Several(refusals)
    saved = replace(rubrics, version=1 if newest is None else newest.version + 1)
    if not await store.add(tx, saved, tx.actor, await tx.now()):
        raise Conflict("rubric_saved_meanwhile", "Somebody saved this rubric meanwhile: name", "name")
    await audit.record(tx, "rubric_saved", saved.name, detail={"version": saved.version})
    return saved


async def shown(tx: ReadTransaction, name: str, version: int | None) -> Rubrics:
    """A version of a rubric, the newest where none is named.

    Raises:
        NotFound: rule `rubric_not_found`.
    """
    found = await (store.newest(tx, name) if version is None else store.of_version(tx, name, version))
    if found is None:
        raise NotFound("rubric_not_found", "There is no such rubric: name", "name")
    return found
