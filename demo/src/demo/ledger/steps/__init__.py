"""What each accepted request must have led to: the events that the contracts announce, and the rows it made.

This is the ledger's own account of the interfaces, written from their contracts and not from their code.
"""

from collections.abc import Mapping
from typing import Final

from demo.ledger.steps import placing, selecting
from demo.ledger.steps.step import Row, Step

__all__ = ["STEPS", "Row", "Step"]

STEPS: Final[Mapping[tuple[str, str], Step]] = {**selecting.STEPS, **placing.STEPS}
"""By service and operation."""
