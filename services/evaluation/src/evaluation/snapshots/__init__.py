"""Snapshots and results as JSON documents: read strictly, computed, written.

The kinds are `selection`, from totals to awards, and `scoring`, from raw scores to those totals.
"""

from collections.abc import Mapping
from typing import Any

from decisions.recompute import recompute_command
from decisions.strict import Fields
from evaluation.domain.snapshot import Snapshot
from evaluation.snapshots import scoring, selection
from evaluation.snapshots.code import code_version
from evaluation.snapshots.scoring import ScoringSnapshot
from evaluation.snapshots.selection import (
    COMPILED_FROM,
    KIND,
    Decided,
    compute,
    decided,
    digest,
    parse,
    policy_document,
    result_document,
    snapshot_document,
)

__all__ = [
    "COMPILED_FROM",
    "KIND",
    "Decided",
    "code_version",
    "compute",
    "compute_any",
    "decided",
    "digest",
    "parse",
    "parse_any",
    "policy_document",
    "recompute",
    "result_document",
    "snapshot_document",
]


def parse_any(document: Any) -> Snapshot | ScoringSnapshot:
    """A snapshot of either kind, from its JSON document.

    Raises:
        Broken: It is of neither kind, or breaks the rules of its own.
    """
    kind, _ = Fields(document).take("kind")
    return scoring.parse(document) if kind == scoring.KIND else selection.parse(document)


def compute_any(snapshot: Snapshot | ScoringSnapshot) -> Mapping[str, Any]:
    """The result of a snapshot of either kind, without its hashes.

    Raises:
        Broken: The rule refuses the snapshot.
    """
    return scoring.compute(snapshot) if isinstance(snapshot, ScoringSnapshot) else selection.compute(snapshot)


recompute = recompute_command(parse_any, compute_any)
