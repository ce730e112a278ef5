"""A run: its result is proposed by one officer, approved by another on its digests, then published."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from chassis.refusals import Conflict, NotAllowed
from evaluation.domain.intake import Party
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.selection import Award
from evaluation.domain.vocabulary import RunId, RunStage, RunState, Stage, Year

Proposable = Literal[RunStage.PRELIMINARY, RunStage.FINAL]
"""What an officer may propose; a promotion is published when it is made."""


@dataclass(frozen=True, slots=True)
class Digests:
    """SHA-256 of the snapshot and of the result, lower-case hexadecimal."""

    snapshot: str
    result: str


@dataclass(frozen=True, slots=True)
class Run:
    """A selection that was computed from a stored snapshot; `version` counts the runs of a year."""

    id: RunId
    year: Year
    version: int
    stage: RunStage
    state: RunState
    digests: Digests
    rule: str
    code: str
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    published_at: datetime | None = None

    def approve(self, officer: str, seen: Digests, inputs: str, now: datetime) -> "Run":
        """Approve what the officer has seen.

        Args:
            officer: Who approves; not who proposed.
            seen: The digests the officer read.
            inputs: The digest a snapshot of the present state has.
            now: The programme's clock.

        Raises:
            Conflict: rules `wrong_state`, `digest_differs`, `inputs_changed`.
            NotAllowed: rule `approver_is_proposer`.
        """
        self._must_be(RunState.PROPOSED)
        if officer == self.proposed_by:
            raise NotAllowed(
                "approver_is_proposer", "approved_by must be another officer than proposed_by", "approved_by"
            )
        if seen != self.digests:
            raise Conflict(
                "digest_differs", "The digests are not those of the run: read it again", "result_sha256"
            )
        self._must_be_of(inputs)
        return replace(self, state=RunState.APPROVED, approved_by=officer, approved_at=now)

    def publish(self, inputs: str, now: datetime) -> "Run":
        """Publish an approved run whose inputs have not changed since.

        Raises:
            Conflict: rules `wrong_state`, `inputs_changed`.
        """
        self._must_be(RunState.APPROVED)
        self._must_be_of(inputs)
        return replace(self, state=RunState.PUBLISHED, published_at=now)

    def _must_be(self, state: RunState) -> None:
        if self.state is not state:
            raise Conflict("wrong_state", f"The run's state is {self.state}, it must be {state}", "state")

    def _must_be_of(self, inputs: str) -> None:
        if inputs != self.digests.snapshot:
            raise Conflict(
                "inputs_changed",
                "What the run was computed from has changed since it was proposed: propose it again",
                "snapshot_sha256",
            )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run says to a school; `party` as its application names it."""

    party: Party
    award: Award
    reasons: tuple[str, ...]


def may_propose(year: ProgrammeYear, stage: Proposable, now: datetime) -> str:
    """The lot's seed for a run of this stage, when it may be proposed now.

    Raises:
        Conflict: rules `wrong_stage`, `appeal_window_open`, `lot_missing`.
    """
    year.must_be(Stage.SCORED if stage is RunStage.PRELIMINARY else Stage.PRELIMINARY)
    if stage is RunStage.FINAL and year.appeals_until is not None and now < year.appeals_until:
        until = year.appeals_until.isoformat()
        raise Conflict("appeal_window_open", f"Appeals may be filed until {until}", "appeals_until")
    if year.lot_seed is None:
        raise Conflict("lot_missing", "The drawing's outcome must be entered first: lot_seed", "lot_seed")
    return year.lot_seed
