"""Use cases of appeals: filed in the window, heard by a panel, decided; upheld, everything is run again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from evaluation import announce, solver
from evaluation.domain import appeals, assigning, scoring, staging
from evaluation.domain.appeals import Appeal, Ground, Panel, Verdict
from evaluation.domain.assigning import Assignment, Wanting
from evaluation.domain.intake import Scored
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.reviewers import Applying, Conflicts
from evaluation.domain.rubric import Rubric
from evaluation.domain.vocabulary import (
    KST,
    Against,
    AppealId,
    AppealState,
    ApplicationId,
    ReviewerId,
    ReviewStage,
    SchoolId,
    Stage,
    Year,
)
from evaluation.handlers import assigning as reviewers
from evaluation.handlers import eligibility, figures, reviewing, rubrics, what_ifs
from evaluation.handlers.runs import decide, snapshot_of
from evaluation.store import appeals as store
from evaluation.store import assignments, intake, pool, reviews, sheets, stages


@dataclass(frozen=True, slots=True)
class Filing:
    """Why a school appeals: the grounds as codes, and what happened in its own words.

    `application` is needed only by a school of which several were left out.
    """

    grounds: tuple[Ground, ...]
    statement: str
    application: ApplicationId | None = None


async def file_appeal(tx: Transaction, year: Year, school: SchoolId, filing: Filing) -> AppealId:
    """Take in a school's appeal, by the clock after the year's row is held.

    Raises:
        Conflict: rules of `appeals.may_file`, `appeal_filed_already`.
        NotFound, Invalid: rules of `appeals.subject`, `Subject.rest_on`.
    """
    programme = await intake.year_for_share(tx, year)
    now = await tx.now()
    appeals.may_file(programme, now)
    subject = appeals.subject(await store.subjects(tx, year, school), filing.application)
    subject.rest_on(filing.grounds)
    appeal = Appeal(
        id=AppealId(identifiers.new("apl")),
        year=year,
        school=school,
        application=subject.application,
        run=subject.run,
        against=subject.against,
        grounds=filing.grounds,
        statement=filing.statement,
        state=AppealState.RECEIVED,
        filed_by=tx.actor,
        filed_at=now,
    )
    if not await store.add(tx, appeal):
        raise Conflict(
            "appeal_filed_already", "The school has appealed against this result: appeal", "appeal"
        )
    party = (await intake.parties(tx, [appeal.application]))[appeal.application]
    outbox.add(tx, announce.appeal_received(party, appeal))
    detail = {"against": appeal.against, "grounds": list(appeal.grounds)}
    await audit.record(tx, "appeal_filed", appeal.id, detail=detail)
    return appeal.id


async def convene_panel(
    tx: Transaction, appeal: AppealId, asked: Collection[ReviewStage], due_at: datetime
) -> None:
    """Give the application reviewers who never had it; asked again, complete the panel.

    Raises:
        Conflict: rules `wrong_stage`, `appeal_decided`, `due_in_past`, `panel_not_needed`.
        Invalid: rules of `appeals.heard_again`.
        ReviewersMissing: rule `reviewers_missing`, with why nobody else can.
    """
    programme = await intake.year_for_update(tx, await store.year_of(tx, appeal))
    programme.must_be(Stage.PRELIMINARY)
    convened, now = (await store.for_update(tx, appeal)).convene(), await tx.now()
    if due_at <= now:
        raise Conflict("due_in_past", "The panel would have no time to score: due_at", "due_at")
    heard = await _stages_heard(tx, programme, convened, asked)
    made = await _panel(tx, programme, convened, heard, (now, due_at))
    await store.save(tx, convened)
    await assignments.add(tx, made, now, due_at, appeal)
    party = (await intake.parties(tx, [convened.application]))[convened.application]
    for each in made:
        outbox.add(tx, announce.reviewer_assigned(party, each, now, due_at))
    detail = {"stages": list(heard), "assigned": len(made)}
    await audit.record(tx, "panel_convened", appeal, detail=detail)


async def _stages_heard(
    tx: Transaction, programme: ProgrammeYear, appeal: Appeal, asked: Collection[ReviewStage]
) -> tuple[ReviewStage, ...]:
    if appeal.against is Against.ELIGIBILITY:
        if first := await _heard_first(tx, programme, appeal):
            return first
        raise Conflict("panel_not_needed", "Nothing has to be scored before it can be ranked", "panel")
    rubric = await _rubric(tx, programme, appeal)
    order = [each.stage for each in rubric.stages]
    reviewed = [stage for stage in order if rubric.reviewed(stage)]
    cut_at = (await stages.cut(tx, programme.year)).get(appeal.application)
    # A stage that figures alone score may have cut it: nobody reviews that one.
    missed = [] if cut_at is None else order[order.index(cut_at) :]
    needed = [stage for stage in missed if stage in reviewed]
    already = (await store.panel(tx, appeal.id)).stages
    return appeals.heard_again({*asked, *already}, reviewed, needed)


async def _panel(
    tx: Transaction,
    programme: ProgrammeYear,
    appeal: Appeal,
    heard: Collection[ReviewStage],
    between: tuple[datetime, datetime],
) -> list[Assignment]:
    """Whom each stage lacks; nobody sits in it twice."""
    everyone = await pool.everyone(tx)
    grounds = programme.policy.scoring.conflict_grounds
    day, last = (moment.astimezone(KST).date() for moment in between)
    conflicts = Conflicts(everyone, await pool.declared(tx), grounds, day, last)
    applying = (await assignments.applying(tx, programme.year))[appeal.application]
    seated, loads = (await store.panel(tx, appeal.id)).members, await assignments.loads(tx)
    before = await store.reviewed_before(tx, appeal.application)
    made: list[Assignment] = []
    for stage in heard:
        lacking = programme.policy.scoring.reviewers_per_application
        lacking -= sum(each.stage is stage for each in seated)
        wanting = _wanting(applying, stage, lacking, before)
        given = solver.solve(assigning.task(wanting, everyone, loads, conflicts))
        short = assigning.shortages(wanting, given, everyone, conflicts)
        if short:
            raise reviewers.missing(short)
        chosen = list(assigning.assignments(wanting, given))
        before |= {each.reviewer for each in chosen}
        made += chosen
    return made


def _wanting(
    applying: Applying, stage: ReviewStage, lacking: int, before: Collection[ReviewerId]
) -> list[Wanting]:
    return [Wanting(applying, stage, max(0, lacking), gone=frozenset(before))]


async def _heard_first(tx: Transaction, programme: ProgrammeYear, appeal: Appeal) -> tuple[ReviewStage, ...]:
    """Where what was left out has still to be reviewed."""
    rubric = await _rubric(tx, programme, appeal)
    reviewed = [each.stage for each in rubric.stages if rubric.reviewed(each.stage)]
    cut_at = (await stages.cut(tx, programme.year)).get(appeal.application)
    wanted = programme.policy.scoring.reviewers_per_application
    return appeals.heard_first(reviewed, cut_at, await store.reviewed_at(tx, appeal.application, wanted))


async def _rubric(tx: Transaction, programme: ProgrammeYear, appeal: Appeal) -> Rubric:
    kind = (await intake.parties(tx, [appeal.application]))[appeal.application].kind
    return (await rubrics.of_year(tx, programme)).kinds[kind]


async def decide_appeal(tx: Transaction, appeal: AppealId, verdict: Verdict) -> None:
    """Decide an appeal once; upheld, its panel's scores count instead and everything is run again.

    What was left out is let in by an upheld appeal, and ranked by what its panel gave.

    Raises:
        Conflict: rules `wrong_stage`, `figures_missing`, and those of `Appeal.decide` and
            `Decided.otherwise`.
    """
    programme = await intake.year_for_update(tx, await store.year_of(tx, appeal))
    programme.must_be(Stage.PRELIMINARY)
    found, now = await store.for_update(tx, appeal), await tx.now()
    wanted = programme.policy.scoring.reviewers_per_application
    panel = await _panel_of(tx, programme, found)
    decided = found.decide(verdict, panel, wanted, tx.actor, now)
    await store.save(tx, decided)
    before = await reviews.scored(tx, programme.year)
    if verdict.upheld and found.against is Against.ELIGIBILITY:
        await _let_in(tx, programme, decided)
    await sheets.settle_panel(tx, appeal, now, upheld=verdict.upheld)
    if verdict.upheld:
        # The line that cut what is let in unheard stands as it was drawn.
        if panel.members or decided.application not in await stages.cut(tx, programme.year):
            await _judge_again(tx, programme, decided.application)
        await _run_again(tx, programme, decided, before, now)
    party = (await intake.parties(tx, [decided.application]))[decided.application]
    outbox.add(tx, announce.appeal_decided(party, decided, now))
    detail = {"state": decided.state, "reasons": list(decided.reasons)}
    await audit.record(tx, "appeal_decided", appeal, detail=detail)


async def _panel_of(tx: Transaction, programme: ProgrammeYear, appeal: Appeal) -> Panel:
    """The panel as it is; what was left out must be heard wherever it was not reviewed yet."""
    panel = await store.panel(tx, appeal.id)
    if appeal.against is Against.RESULT:
        return panel
    return replace(panel, stages=frozenset(await _heard_first(tx, programme, appeal)))


async def _let_in(tx: Transaction, programme: ProgrammeYear, appeal: Appeal) -> None:
    """The first reason of the decision is the ground of the officer's word."""
    await eligibility.let_in(tx, appeal.application, appeal.reasons[0])
    await figures.told(tx, programme, await rubrics.usable(tx, programme), appeal.application)


async def _run_again(
    tx: Transaction, programme: ProgrammeYear, appeal: Appeal, before: Sequence[Scored], now: datetime
) -> None:
    """Score everything anew, keep what that replaced, and compare the selection before and after."""
    await reviewing.score(tx, programme)
    after = await reviews.scored(tx, programme.year)
    totals = {each.party.application: each for each in after}
    replaced = await store.archive(tx, appeal.id, before, totals, now)
    seed = programme.lot_seed or ""
    decided = tuple(decide(snapshot_of(programme, seed, scored)) for scored in (before, after))
    await what_ifs.keep(tx, programme, (decided[0], decided[1]), now, appeal=appeal.id)
    await audit.record(tx, "scores_replaced", appeal.id, detail={"applications": replaced})


async def _judge_again(tx: Transaction, programme: ProgrammeYear, application: ApplicationId) -> None:
    """Hold the corrected scores against the lines of the stages; what missed one may have reached it now."""
    kind = (await intake.parties(tx, [application]))[application].kind
    named = await rubrics.usable(tx, programme)
    rubric, rules = named.kinds[kind], programme.policy.scoring
    beside = await figures.beside(tx, programme, named)
    if application not in beside[kind]:
        return  # Withdrawn or put out meanwhile: there is nothing left to rank.
    scores = await reviewing.scores_of(tx, programme, kind, beside[kind])
    for (of_kind, stage), line in (await stages.lines(tx, programme.year)).items():
        if of_kind == kind:
            until = ReviewStage(stage)
            reached = scoring.reached(scores, rubric, until, rules.normalisation, rules.aggregation)
            judged = staging.going_on({application: reached[application]}, line)
            await stages.put_results(tx, until, judged)
