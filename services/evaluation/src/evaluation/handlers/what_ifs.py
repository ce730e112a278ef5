"""Use cases of what-ifs: selection on the real state under another policy, kept beside the real result."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Final

from chassis import audit, identifiers
from chassis.refusals import Conflict
from chassis.transaction import Transaction
from evaluation import snapshots
from evaluation.domain.policy import ProgrammeYear
from evaluation.domain.selection import RULE
from evaluation.domain.snapshot import Snapshot
from evaluation.domain.vocabulary import AppealId, Stage, WhatIfId, Year
from evaluation.domain.what_ifs import Changes
from evaluation.handlers import reviewing
from evaluation.handlers.runs import decide, snapshot_of
from evaluation.snapshots import Decided
from evaluation.store import intake, reviews, runs
from evaluation.store import what_ifs as store
from evaluation.store.what_ifs import Computed, WhatIf

_DECIDABLE: Final = (Stage.SCORED, Stage.PRELIMINARY, Stage.FINAL)


async def make(tx: Transaction, year: Year, changes: Changes, written: str) -> WhatIfId:
    """Decide on what is real now with the changes made, and keep it; `written` are the changes as JSON.

    After the final result the state is the one it was decided from.

    Raises:
        Conflict: rules `wrong_stage`, `lot_missing`, and those by which the rule refuses a policy.
        Invalid: rules of `Changes.of`.
    """
    programme, now = await intake.year_for_share(tx, year), await tx.now()
    programme.must_be(*((Stage.SCORED, Stage.PRELIMINARY) if changes.scores else _DECIDABLE))
    if programme.lot_seed is None:
        raise Conflict("lot_missing", "The drawing's outcome must be entered first: lot_seed", "lot_seed")
    otherwise = replace(programme, policy=changes.of(programme.policy))
    real = await _real(tx, programme, programme.lot_seed)
    changed = replace(real, policy=otherwise.policy.for_selection(programme.lot_seed))
    if changes.scores:
        changed = snapshot_of(otherwise, programme.lot_seed, await reviewing.scored_by(tx, otherwise))
    made = await keep(tx, programme, (decide(real), decide(changed)), now, changes=written)
    await audit.record(tx, "what_if_made", made, detail={"year": year, "changes": json.loads(written)})
    return made


async def _real(tx: Transaction, programme: ProgrammeYear, seed: str) -> Snapshot:
    if programme.stage is Stage.FINAL:
        return snapshots.parse(json.loads(await runs.final_snapshot(tx, programme.year)))
    return snapshot_of(programme, seed, await reviews.scored(tx, programme.year))


async def keep(
    tx: Transaction,
    programme: ProgrammeYear,
    decided: tuple[Decided, Decided],
    now: datetime,
    *,
    changes: str = "{}",
    appeal: AppealId | None = None,
) -> WhatIfId:
    """Keep what selection comes to now and what it would; for an upheld appeal, before and after it."""
    base, otherwise = (
        Computed(each.snapshot, each.snapshot_sha256, each.result, each.result_sha256) for each in decided
    )
    made = WhatIf(
        id=WhatIfId(identifiers.new("wif")),
        year=programme.year,
        appeal=appeal,
        changes=changes,
        base=base,
        otherwise=otherwise,
        rule=RULE,
        code=snapshots.code_version(),
        made_by=tx.actor,
        made_at=now,
    )
    await store.add(tx, made)
    return made.id
