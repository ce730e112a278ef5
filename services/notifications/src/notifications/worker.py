"""The edge that sends mail: claims what is due, hands it to the carrier, records the receipts.

Claim and receipts are a transaction each, and nothing is open while mail is on its way. A worker that dies
in between leaves a lease behind; when that is over, the mail goes out again under the same Message-ID.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog

from chassis import retention, transaction
from chassis.heartbeat import WITHIN, beat
from chassis.interruptions import INTERRUPTIONS, pause
from chassis.keyring import KeyMissing, Keyring
from chassis.runtime import Runtime
from chassis.transaction import Command, Pool
from notifications.carriers import mail
from notifications.carriers.mail import Sender
from notifications.carriers.port import Carrier, CarrierDownError, Mail
from notifications.domain.deliveries import Claimed, DeliveryId, Outcome, Retries
from notifications.handlers import forgetting, sending
from notifications.store import mail as store

RECONCILE_EVERY: Final = 30.0
"""Seconds between looks for mail and contacts that were written at the same moment."""
DOWN_LONGEST: Final = 60.0
"""Seconds after which a carrier that is down is tried again at the latest."""

log = structlog.get_logger()


@dataclass(slots=True)
class Courier:
    """Sends what is due until it is told to stop."""

    pool: Pool
    keys: Keyring
    carrier: Carrier
    sender: Sender
    retries: Retries
    lease: timedelta
    poll: float
    _down: int = 0
    _reconciled_at: float = float("-inf")

    async def run(self, stopping: asyncio.Event) -> None:
        try:
            while not stopping.is_set():
                # A batch may take up to half of its lease.
                beat(WITHIN + self.lease.total_seconds())
                await pause(stopping, await self._turn())
        finally:
            await self.carrier.close()

    async def _turn(self) -> float:
        """One batch; answers the seconds until the next one."""
        try:
            await self._reconcile()
            handed = await self.send_batch()
        except CarrierDownError as error:
            self._down += 1
            log.warning("carrier is down", reason=error.reason, times=self._down)
            return float(min(self.poll * 2**self._down, DOWN_LONGEST))
        except KeyMissing as error:
            self._down += 1
            log.warning("a key of the contact book is missing", error=str(error))
            return float(min(self.poll * 2**self._down, DOWN_LONGEST))
        except INTERRUPTIONS as error:
            log.warning("database did not answer, mail goes on later", error=type(error).__name__)
            return 1.0
        self._down = 0
        return 0.0 if handed == self.carrier.batch else self.poll

    async def send_batch(self) -> int:
        """Send at most one batch of what is due now; answers how many were handed over.

        Raises:
            CarrierDownError: nothing could be sent; the claimed mail is given back.
        """
        claimed = await self.claim()
        if not claimed:
            return 0
        mails = [self._mail(one) for one in claimed]
        try:
            outcomes = await self.carrier.carry(mails, self.lease.total_seconds() / 2)
        except CarrierDownError:
            await self.record(claimed, {})
            raise
        await self.record(claimed, outcomes)
        return len(claimed)

    def _mail(self, claimed: Claimed) -> Mail:
        return Mail(
            claimed.receipt.delivery,
            claimed.receipt.attempt,
            claimed.address,
            mail.content(claimed, self.sender),
        )

    async def claim(self) -> list[Claimed]:
        async def work() -> list[Claimed]:
            async with transaction.begin(self.pool, Command(actor=sending.SENDER)) as tx:
                return await sending.take_in_hand(tx, self.keys, self.lease, self.carrier.batch)

        return await transaction.repeated(work)

    async def record(self, claimed: list[Claimed], outcomes: Mapping[DeliveryId, Outcome]) -> None:
        async def work() -> None:
            async with transaction.begin(self.pool, Command(actor=sending.SENDER)) as tx:
                await sending.record(tx, claimed, outcomes, self.retries)

        await transaction.repeated(work)

    async def _reconcile(self) -> None:
        if monotonic() - self._reconciled_at < RECONCILE_EVERY:
            return
        async with transaction.begin(self.pool, Command(actor=sending.SENDER)) as tx:
            await store.reconcile(tx, await tx.now())
        self._reconciled_at = monotonic()


async def courier(runtime: Runtime) -> None:
    """Send what is due, as the settings say, until the service stops."""
    settings = runtime.settings
    await Courier(
        pool=runtime.pool,
        keys=runtime.keyring,
        carrier=settings.carrier(),
        sender=Sender(settings.mail_from),
        retries=settings.retries(),
        lease=timedelta(seconds=settings.mail_lease_seconds),
        poll=settings.mail_poll_seconds,
    ).run(runtime.stopping)


async def forget(runtime: Runtime) -> None:
    """Let go of what was told long ago, every hour until the service stops."""
    kept = timedelta(days=runtime.settings.notices_kept_days)
    await retention.sweep(runtime.pool, "notices", forgetting.told_before(kept), runtime.stopping)
