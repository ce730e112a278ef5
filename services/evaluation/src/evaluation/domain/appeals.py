"""Appeals against the preliminary result: filed in the window, heard by a panel of others, decided once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from chassis.refusals import Conflict, Invalid
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.vocabulary import (
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

Ground = Literal["facts_overlooked", "score_in_error", "procedure_breached", "reviewer_conflicted"]
"""What an appeal may rest on; a default of this software."""
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
    """Who hears an appeal now, and the stages it was convened for, also where nobody is left at one."""

    stages: frozenset[ReviewStage]
    members: tuple[Hearing, ...]


@dataclass(frozen=True, slots=True)
class Appeal:
    """A school's appeal against what the run `run` says of its application."""

    id: AppealId
    year: Year
    school: SchoolId
    application: ApplicationId
    run: RunId
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
        """Decide by what the panel found; each stage it was convened for needs `wanted` sheets.

        Raises:
            Conflict: rules `appeal_decided`, `panel_missing`, `panel_scores_missing`.
        """
        self._must_be_open()
        if verdict.upheld or verdict.reasons != (INADMISSIBLE,):
            _complete(panel, wanted)
        return replace(
            self,
            state=AppealState.UPHELD if verdict.upheld else AppealState.REJECTED,
            reasons=verdict.reasons,
            answer=verdict.answer,
            decided_by=officer,
            decided_at=now,
        )

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
