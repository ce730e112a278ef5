"""Appeals against the preliminary result: filed in the window, heard by a panel of others, decided once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, assert_never

from chassis.refusals import Conflict, Invalid, NotFound, Refusal, Several
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.vocabulary import (
    Against,
    AppealId,
    AppealState,
    ApplicationId,
    ReviewerId,
    ReviewStage,
    RunId,
    SchoolId,
    Stage,
    Year,
)

Ground = Literal[
    "facts_overlooked", "score_in_error", "procedure_breached", "reviewer_conflicted", "eligibility_in_error"
]
"""What an appeal may rest on; a default of this software."""
_GROUNDS: Final[Mapping[Against, Collection[Ground]]] = {
    Against.RESULT: ("facts_overlooked", "score_in_error", "procedure_breached", "reviewer_conflicted"),
    Against.ELIGIBILITY: ("facts_overlooked", "procedure_breached", "eligibility_in_error"),
}
INADMISSIBLE: Final = "inadmissible"
"""The reason for which alone an appeal is rejected without a panel."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided: the reasons as codes, and the answer that the school reads."""

    upheld: bool
    reasons: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """A member of an appeal's panel at a stage; `submitted` says whether the sheet is in."""

    stage: ReviewStage
    reviewer: ReviewerId
    submitted: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Who hears an appeal now, and the stages that must be heard, also where nobody is left at one."""

    stages: frozenset[ReviewStage]
    members: tuple[Hearing, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What may be appealed against: what a run says of an application, or that it leaves it out."""

    run: RunId
    application: ApplicationId
    against: Against

    def rest_on(self, grounds: Sequence[Ground]) -> None:
        """Refuse grounds that say nothing against it.

        Raises:
            Several: rule `ground_not_applicable`, by the place in the list.
        """
        fitting = _GROUNDS[self.against]
        foreign: list[Refusal] = [
            Invalid(
                "ground_not_applicable",
                f"An appeal against {self.against} rests on {', '.join(fitting)}",
                f"grounds.{place}",
            )
            for place, ground in enumerate(grounds)
            if ground not in fitting
        ]
        if foreign:
            raise Several(foreign)


@dataclass(frozen=True, slots=True)
class Appeal:
    """A school's appeal against what the run `run` says of its application, or that it leaves it out."""

    id: AppealId
    year: Year
    school: SchoolId
    application: ApplicationId
    run: RunId
    against: Against
    grounds: tuple[Ground, ...]
    statement: str
    state: AppealState
    filed_by: str
    filed_at: datetime
    reasons: tuple[str, ...] = ()
    answer: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None

    def convene(self) -> "Appeal":
        """Have a panel, or complete it.

        Raises:
            Conflict: rule `appeal_decided`.
        """
        self._must_be_open()
        return replace(self, state=AppealState.REVIEWING)

    def decide(self, verdict: Verdict, panel: Panel, wanted: int, officer: str, now: datetime) -> "Appeal":
        """Decide by what the panel found; each of its stages needs `wanted` sheets.

        Raises:
            Conflict: rules `appeal_decided`, `panel_missing`, `panel_scores_missing`.
        """
        self._must_be_open()
        if self._needs(panel, verdict):
            _complete(panel, wanted)
        return replace(
            self,
            state=AppealState.UPHELD if verdict.upheld else AppealState.REJECTED,
            reasons=verdict.reasons,
            answer=verdict.answer,
            decided_by=officer,
            decided_at=now,
        )

    def _needs(self, panel: Panel, verdict: Verdict) -> bool:
        """Whether it takes a panel's scores: to correct or confirm others, or to rank what is let in."""
        match self.against:
            case Against.RESULT:
                return verdict.upheld or verdict.reasons != (INADMISSIBLE,)
            case Against.ELIGIBILITY:
                return verdict.upheld and bool(panel.stages)
            case _:
                assert_never(self.against)

    def _must_be_open(self) -> None:
        if self.state in (AppealState.UPHELD, AppealState.REJECTED):
            raise Conflict("appeal_decided", f"The appeal is {self.state}, a decision stands", "state")


def _complete(panel: Panel, wanted: int) -> None:
    if not panel.members:
        raise Conflict(
            "panel_missing", "A panel without the first reviewers has to score the application first", "panel"
        )
    missing = sorted(each.reviewer for each in panel.members if not each.submitted)
    if missing:
        raise Conflict(
            "panel_scores_missing", f"Sheets of the panel are missing: {', '.join(missing)}", "panel"
        )
    few = [stage for stage in panel.stages if sum(each.stage == stage for each in panel.members) < wanted]
    if few:
        named = ", ".join(sorted(few))
        raise Conflict("panel_missing", f"The panel needs {wanted} reviewers at each stage: {named}", "panel")


def may_file(year: ProgrammeYear, now: datetime) -> None:
    """Refuse an appeal outside the window; its end is the first moment too late.

    Raises:
        Conflict: rules `wrong_stage`, `appeal_window_over`.
    """
    year.must_be(Stage.PRELIMINARY)
    if year.appeals_until is None or now >= year.appeals_until:
        until = "" if year.appeals_until is None else year.appeals_until.isoformat()
        raise Conflict("appeal_window_over", f"Appeals could be filed until {until}", "appeals_until")


def subject(found: Sequence[Subject], named: ApplicationId | None) -> Subject:
    """What a school appeals against, of all that it could: the one that is named, or the only one.

    Raises:
        NotFound: rule `result_not_found`.
        Invalid: rule `application_ambiguous`.
    """
    chosen = [each for each in found if named in {None, each.application}]
    if not chosen:
        detail = "The preliminary result neither names the school nor leaves it out: school"
        raise NotFound("result_not_found", detail, "school")
    if len(chosen) > 1:
        listed = ", ".join(each.application for each in chosen)
        raise Invalid("application_ambiguous", f"Say which application of {listed} it is", "application")
    return chosen[0]


def heard_first(
    reviewed: Sequence[ReviewStage], cut_at: ReviewStage | None, done: Collection[ReviewStage]
) -> tuple[ReviewStage, ...]:
    """The stages that what was left out has still to be heard at before it can be ranked, in order.

    Args:
        reviewed: Those at which schools of its kind are reviewed, in order.
        cut_at: The stage that cut it before it was put out, where one did.
        done: Those at which all its reviewers were through with it before it was put out.
    """
    return () if cut_at is not None else tuple(stage for stage in reviewed if stage not in done)


def heard_again(
    asked: Collection[ReviewStage], stages: Sequence[ReviewStage], needed: Iterable[ReviewStage]
) -> tuple[ReviewStage, ...]:
    """The stages a panel reviews, in order: those asked for, all of them where none is named.

    What a stage cut has not been through the later ones; a panel reviews it there as well, so that a lifted
    score can be ranked.

    Args:
        asked: The stages named.
        stages: Those at which schools of this kind are reviewed, in order.
        needed: Those from the stage on whose line the application missed.

    Raises:
        Invalid: rules `stage_unknown`, `later_stages_missing`.
    """
    unknown = sorted(set(asked) - set(stages))
    if unknown:
        raise Invalid("stage_unknown", f"Not reviewed at: {', '.join(unknown)}", "stages")
    again = tuple(stage for stage in stages if not asked or stage in asked)
    lacking = [stage for stage in needed if stage not in again]
    if lacking:
        raise Invalid(
            "later_stages_missing",
            f"A stage cut the application, so the panel reviews {', '.join(lacking)} as well",
            "stages",
        )
    return again


def all_decided(waiting: Sequence[AppealId]) -> None:
    """Refuse to go on while appeals wait for a decision.

    Raises:
        Conflict: rule `appeals_undecided`.
    """
    if waiting:
        raise Conflict(
            "appeals_undecided",
            f"{len(waiting)} appeals wait for a decision: {', '.join(waiting[:10])}",
            "appeals",
        )
