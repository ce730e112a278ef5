"""The eight invariants, each as a comparison of what users were told with what is there.

1. Every ok has exactly one effect in its database and, where the contract announces that step, exactly the
   events it announces; every fail has neither.
2. No state and no event without a cause in the ledger.
3. Each consumer did each event once: published = applied + ignored + parked + discarded.
4. Per stream, sequences run 1, 2, 3, … on the topic, and every consumer's mark stands at the last.
5. Never more selected than the quota, at every committed state.
6. Never more than one active placement a student, never more than an opening's places.
7. Only legal transitions, and rows in the state that the events lead to.
8. Every audit log is as its chain of hashes says, and the chain as its heads were told and are kept.
"""

from collections.abc import Callable
from typing import Final

from demo.ledger.checks.answers import every_answer_has_its_effect
from demo.ledger.checks.audit import audit_chains_hold
from demo.ledger.checks.causes import nothing_without_a_cause
from demo.ledger.checks.consumers import each_event_once, streams_are_dense
from demo.ledger.checks.placement import one_placement_a_student
from demo.ledger.checks.selection import never_above_quota
from demo.ledger.checks.transitions import only_legal_transitions
from demo.ledger.evidence import Evidence
from demo.report.story import Check

CHECKS: Final[tuple[Callable[[Evidence], Check], ...]] = (
    every_answer_has_its_effect,
    nothing_without_a_cause,
    each_event_once,
    streams_are_dense,
    never_above_quota,
    one_placement_a_student,
    only_legal_transitions,
    audit_chains_hold,
)
"""In the order of their numbers."""


def check(evidence: Evidence) -> tuple[Check, ...]:
    """All eight, in order."""
    return tuple(each(evidence) for each in CHECKS)
