"""Statements about published keys: they stand in the audit log alone, whose chain vouches for them."""

import json

from chassis.transaction import ReadTransaction


async def published(tx: ReadTransaction, action: str, kid: str) -> bool:
    there: bool = await tx.fetchval(
        "select exists (select from messaging.audit where action = $1 and subject = $2)", action, kid
    )
    return there


async def all_published(tx: ReadTransaction, action: str) -> list[dict[str, str]]:
    rows = await tx.fetch("select detail from messaging.audit where action = $1 order by id", action)
    return [json.loads(row["detail"]) for row in rows]
