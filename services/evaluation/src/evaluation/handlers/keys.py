"""Use cases of the key that exports are signed with."""

from chassis import audit
from chassis.refusals import NotFound
from chassis.signing import PublicKey
from chassis.transaction import ReadTransaction, Transaction
from evaluation.store import keys as store

PUBLISHED = "signing_key_published"


async def publish(tx: Transaction, public: PublicKey) -> bool:
    """Put a key on record; False where it is there already."""
    await tx.alone(PUBLISHED)
    if await store.published(tx, PUBLISHED, public.kid):
        return False
    await audit.record(tx, PUBLISHED, public.kid, detail=public.document())
    return True


async def published(tx: ReadTransaction) -> list[dict[str, str]]:
    """Every key that was published, the present one last, as JSON Web Keys.

    Raises:
        NotFound: rule `signing_key_not_found`, none was yet.
    """
    found = await store.all_published(tx, PUBLISHED)
    if not found:
        raise NotFound("signing_key_not_found", "No signing key was published yet: keys", "keys")
    return found
