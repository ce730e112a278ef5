"""Use case of taking a year away: snapshots, results and explanations, for anybody to check."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis import audit, sealing
from chassis.refusals import NotFound
from chassis.transaction import Transaction
from decisions.canonical import canonical
from evaluation.domain.vocabulary import Year
from evaluation.snapshots import code_version
from evaluation.snapshots.archive import MANIFEST, starts_from
from evaluation.views import archive as views
from evaluation.views.archive import ArchivedRun, ArchivedScoring


@dataclass(frozen=True, slots=True)
class Archive:
    """Files by name, without the signature; the manifest names the SHA-256 of all others."""

    files: Mapping[str, bytes]

    @property
    def manifest(self) -> bytes:
        return self.files[MANIFEST]


async def archive(tx: Transaction, year: Year) -> Archive:
    """Everything that decided a year, as files; that it was taken away is on record.

    Raises:
        NotFound: rule `programme_year_not_found`.
    """
    if not await views.known(tx, year):
        raise NotFound("programme_year_not_found", f"There is no programme year {year}: year", "year")
    runs, scorings = await views.runs(tx, year), await views.scorings(tx, year)
    told = await views.explanations(tx, [run.id for run in runs])
    files: dict[str, bytes] = {}
    for scoring in scorings:
        files[f"scorings/{scoring.version}/snapshot.json"] = scoring.snapshot
        files[f"scorings/{scoring.version}/result.json"] = scoring.result
    for run in runs:
        files[f"{_folder(run)}/snapshot.json"] = run.snapshot
        files[f"{_folder(run)}/result.json"] = run.result
        files[f"{_folder(run)}/explanations.json"] = canonical(told[run.id])
    head = await sealing.head(tx)
    manifest = {
        "kind": "export",
        "programme_year": year,
        "made_at": (await tx.now()).isoformat(),
        "code": code_version(),
        "audit": None if head is None else {"position": head.position, "head": head.head},
        "runs": [_described(run, scorings) for run in runs],
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    await audit.record(tx, "year_exported", str(year), detail={"runs": len(runs), "files": len(files)})
    return Archive({**files, MANIFEST: canonical(manifest)})


def _folder(run: ArchivedRun) -> str:
    return f"runs/{run.version:02}-{run.stage}"


def _described(run: ArchivedRun, scorings: Sequence[ArchivedScoring]) -> dict[str, Any]:
    """A run in the manifest, with the newest scoring whose totals it starts from."""
    origin = next((s for s in reversed(scorings) if starts_from(run.snapshot, s.result)), None)
    return {
        "id": run.id,
        "version": run.version,
        "stage": run.stage,
        "state": run.state,
        "proposed_by": run.proposed_by,
        "proposed_at": run.proposed_at.isoformat(),
        "approved_by": run.approved_by,
        "approved_at": None if run.approved_at is None else run.approved_at.isoformat(),
        "published_at": None if run.published_at is None else run.published_at.isoformat(),
        "folder": _folder(run),
        "scoring": None if origin is None else f"scorings/{origin.version}",
    }
