"""Use cases of a run: the lot, proposal, approval by a second officer, publication."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from chassis import audit, identifiers, outbox
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from contracts import topics
from contracts.values import TRACKS
from evaluation import announce, snapshots
from evaluation.domain import runs
from evaluation.domain.aftermath import Aftermath
from evaluation.domain.appeals import all_decided
from evaluation.domain.explaining import Line, explain
from evaluation.domain.intake import Scored
from evaluation.domain.places import Standing
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.reviewing import naming
from evaluation.domain.rubric import BONUS, Rubric
from evaluation.domain.runs import Digests, Outcome, Proposable, Run
from evaluation.domain.selection import RULE
from evaluation.domain.snapshot import Applicant, Snapshot, Unsupported
from evaluation.domain.vocabulary import RunId, RunStage, RunState, SchoolId, Stage, StandingState, Year
from evaluation.domain.wording import BELOW_LINE, BELOW_MINIMUM, Names
from evaluation.handlers import rubrics
from evaluation.handlers.intake import start_evaluation
from evaluation.snapshots import Decided
from evaluation.store import appeals, figures, intake, places, reviews, schools, stages
from evaluation.store import runs as store
from evaluation.store.runs import Documents

STANDING = {
    "selected": StandingState.SELECTED,
    "reserve": StandingState.RESERVE,
    "not_passed": StandingState.NOT_SELECTED,
}


async def enter_lot(tx: Transaction, year: Year, seed: str) -> None:
    """Enter the outcome of the drawing that the policy names; corrected, it voids a run in hand."""
    programme, now = await intake.year_for_update(tx, year), await tx.now()
    programme.must_be(Stage.REVIEWING, Stage.SCORED)
    programme.policy.drawn(now)
    if seed == programme.lot_seed:
        return
    await _set_aside(tx, year)
    await intake.save_lot(tx, year, seed, tx.actor)
    detail = {"lot_seed": seed, "before": programme.lot_seed}
    await audit.record(tx, "lot_entered", str(year), detail=detail)


async def propose_run(tx: Transaction, year: Year, stage: Proposable) -> Run:
    """Compute a result from the present state and propose it; a run in hand is set aside."""
    programme, now = await intake.year_for_update(tx, year), await tx.now()
    seed = runs.may_propose(programme, stage, now)
    if stage is RunStage.FINAL:
        all_decided(await appeals.undecided(tx, year))
    if unscored := await reviews.without_total(tx, year):
        raise Conflict("applications_unscored", naming(unscored, "have no total"), "applications")
    scored = await reviews.scored(tx, year)
    decided = decide(snapshot_of(programme, seed, scored))
    await _set_aside(tx, year)
    run = await add_run(tx, programme, stage, decided, now)
    outbox.add(tx, announce.run_proposed(run, counts(decided)))
    await audit.record(tx, "run_proposed", run.id, detail=_digests(run))
    return run


async def _set_aside(tx: Transaction, year: Year) -> None:
    for superseded in await store.supersede(tx, year):
        await audit.record(tx, "run_superseded", superseded)


def decide(snapshot: Snapshot) -> Decided:
    """Decide a snapshot.

    Raises:
        Conflict: by the rule that refuses the policy.
    """
    try:
        return snapshots.decided(snapshot)
    except Unsupported as unsupported:
        raise Conflict(unsupported.rule, unsupported.detail, unsupported.field) from unsupported


def snapshot_of(programme: ProgrammeYear, seed: str, scored: Sequence[Scored]) -> Snapshot:
    return Snapshot(
        programme_year=programme.year,
        policy=programme.policy.for_selection(seed),
        applicants=tuple(
            Applicant(
                id=each.party.school,
                kind=each.party.kind,
                score=each.total,
                criteria=each.parts,
                tracks=each.tracks,
                accepts_general=each.accepts_general,
                barred=each.barred,
            )
            for each in scored
        ),
    )


async def add_run(
    tx: Transaction,
    programme: ProgrammeYear,
    stage: RunStage,
    decided: Decided,
    now: datetime,
    *,
    after: Mapping[SchoolId, Aftermath] | None = None,
) -> Run:
    """Keep a run with snapshot, result and what it says to each school; a promotion is published at once.

    `after` is how each school stands with a promotion.
    """
    promotion = stage is RunStage.PROMOTION
    run = Run(
        id=RunId(identifiers.new("run")),
        year=programme.year,
        version=await store.next_version(tx, programme.year),
        stage=stage,
        state=RunState.PUBLISHED if promotion else RunState.PROPOSED,
        digests=Digests(decided.snapshot_sha256, decided.result_sha256),
        rule=RULE,
        code=snapshots.code_version(),
        proposed_by=tx.actor,
        proposed_at=now,
        published_at=now if promotion else None,
    )
    await store.add(tx, run, Documents(decided.snapshot, decided.result))
    await _explain(tx, programme, run, decided, after or {})
    return run


async def _explain(
    tx: Transaction,
    programme: ProgrammeYear,
    run: Run,
    decided: Decided,
    after: Mapping[SchoolId, Aftermath],
) -> None:
    applicants = {each.id: each for each in decided.applicants}
    applications = await intake.applications_of(tx, programme.year)
    known = await schools.known(tx, applicants)
    named = await rubrics.of_year(tx, programme)
    names = Names(
        schools={school.id: (school.name_ko, school.name_en or school.name_ko) for school in known.values()},
        tracks={track: (name.ko, name.en) for track, name in TRACKS.items()},
        quotas=programme.policy.quotas,
        criteria={
            each.name: (each.name_ko, each.name_en) for of in named.kinds.values() for each in of.criteria
        },
    )
    missed = await stages.missed_lines(tx, programme.year)
    explained = [
        (
            decision.award,
            applicant := applicants[decision.award.id],
            explain(
                decision,
                applicant,
                named.kinds[applicant.kind].minima,
                names,
                lines=_lines(named.kinds[applicant.kind], applicant, missed.get(applications[applicant.id])),
                after=after.get(decision.award.id),
            ),
        )
        for decision in decided.decisions
    ]
    await store.add_outcomes(tx, run.id, explained, applications)


def _lines(
    rubric: Rubric, applicant: Applicant, missed: tuple[str, Decimal, Decimal] | None
) -> dict[str, Line]:
    """What an application may have missed beyond its parts, by reason: minima of criteria, a stage's line.

    `missed` is as a stage's closing found it. The line of the last stage is held against what counts now.
    """
    lines: dict[str, Line] = {
        f"{BELOW_MINIMUM}{each.name}": (each.minimum, None)
        for each in rubric.criteria
        if each.minimum is not None
    }
    if missed is not None:
        stage, line, lacking = missed
        lines[f"{BELOW_LINE}{stage}"] = (line, lacking)
    last = rubric.stages[-1]
    if last.line is not None:
        reached = applicant.score - applicant.criteria.get(BONUS, Decimal(0))
        lines[f"{BELOW_LINE}{last.stage}"] = (last.line, last.line - reached)
    return lines


async def approve_run(tx: Transaction, run: RunId, seen: Digests, lot_seed: str) -> Run:
    """Approve as a second officer, on the digests of what was read and the lot as it was drawn."""
    programme = await intake.year_for_update(tx, await store.year_of(tx, run))
    proposed, now = await store.for_update(tx, run), await tx.now()
    approved = proposed.approve(tx.actor, seen, await _inputs(tx, programme), now)
    programme.drew(lot_seed, tx.actor)
    await store.save(tx, approved)
    outcomes = await store.outcomes(tx, run)
    outbox.add(tx, announce.run_approved(approved, _counted(outcomes), now))
    await audit.record(tx, "run_approved", run, detail=_digests(approved))
    return approved


async def publish_run(tx: Transaction, run: RunId) -> Run:
    """Publish an approved run: tell every school, and close with a manifest."""
    programme = await intake.year_for_update(tx, await store.year_of(tx, run))
    approved, now = await store.for_update(tx, run), await tx.now()
    published = approved.publish(await _inputs(tx, programme), now)
    await store.save(tx, published)
    outcomes = await store.outcomes(tx, run)
    match published.stage:
        case RunStage.PRELIMINARY:
            await _publish_preliminary(tx, programme, published, outcomes, now)
        case RunStage.FINAL:
            await _publish_final(tx, programme, published, outcomes, now)
        case RunStage.PROMOTION:
            raise AssertionError("a promotion is published when it is made")
    await audit.record(tx, "run_published", run, detail=_digests(published))
    return published


async def _publish_preliminary(
    tx: Transaction, programme: ProgrammeYear, run: Run, outcomes: Sequence[Outcome], now: datetime
) -> None:
    until = programme.policy.appeals_until(now)
    await intake.save_stage(tx, programme.year, Stage.PRELIMINARY, until)
    await figures.publish_scores(tx, programme.year)
    for outcome in outcomes:
        outbox.add(tx, announce.preliminary(run, outcome, now, until))
    manifest = await outbox.sequences(tx, topics.EVALUATION, [each.party.school for each in outcomes])
    outbox.add(tx, announce.results_published(run, _counted(outcomes), manifest, now, until))


async def _publish_final(
    tx: Transaction, programme: ProgrammeYear, run: Run, outcomes: Sequence[Outcome], now: datetime
) -> None:
    await intake.lock_calls(tx, Year(programme.year + 1))
    await intake.save_stage(tx, programme.year, Stage.FINAL)
    await places.add_standings(tx, [_standing(each, now) for each in outcomes])
    for outcome in outcomes:
        outbox.add(tx, announce.final(run, outcome, now))
    manifest = await outbox.sequences(tx, topics.EVALUATION, await schools.every(tx))
    outbox.add(tx, announce.results_published(run, _counted(outcomes), manifest, now, None))
    await start_evaluation(tx)


def _standing(outcome: Outcome, now: datetime) -> Standing:
    return Standing(
        year=outcome.party.year,
        school=outcome.party.school,
        application=outcome.party.application,
        state=STANDING[outcome.award.outcome],
        designations=outcome.award.designations,
        since=now,
    )


async def _inputs(tx: Transaction, programme: ProgrammeYear) -> str:
    """The digest that a snapshot of the present state has."""
    scored = await reviews.scored(tx, programme.year)
    return snapshots.digest(snapshot_of(programme, programme.lot_seed or "", scored))


def counts(decided: Decided) -> Counter[str]:
    return Counter(decision.award.outcome for decision in decided.decisions)


def _counted(outcomes: Sequence[Outcome]) -> Counter[str]:
    return Counter(outcome.award.outcome for outcome in outcomes)


def _digests(run: Run) -> dict[str, str]:
    return {"snapshot_sha256": run.digests.snapshot, "result_sha256": run.digests.result}
