"""Use case: what was told long ago is let go of."""

from datetime import timedelta

from chassis.retention import Some
from chassis.transaction import Transaction
from notifications.store import notices


def told_before(kept: timedelta) -> Some:
    """Deliveries, then notices, that it has been too late for so long, by the programme's clock.

    What is still on its way stays, and its notice with it. An event that comes again later is too late again.
    """

    async def some(tx: Transaction, at_most: int) -> int:
        before = await tx.now() - kept
        deliveries = await notices.forget_deliveries(tx, before, at_most)
        return max(deliveries, await notices.forget_notices(tx, before, at_most))

    return some
