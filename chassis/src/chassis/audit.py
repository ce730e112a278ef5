"""Who decided what: a row beside the state change, in its transaction; nobody can change it afterwards."""

import json
from typing import Any

from chassis.transaction import Transaction


async def record(
    tx: Transaction,
    action: str,
    subject: str,
    *,
    reason: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write that the actor of `tx` did `action` to `subject`; `detail` is JSON without personal data."""
    await tx.execute(
        """
        insert into messaging.audit (actor, action, subject, reason, detail)
        values ($1, $2, $3, $4, $5::jsonb)
        """,
        tx.actor,
        action,
        subject,
        reason,
        json.dumps(detail or {}),
    )
