"""A folder of mails in the Maildir format (https://cr.yp.to/proto/maildir.html), for development and tests.

A mail's file is named by its delivery, so the file system itself refuses a second one.
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Final

from notifications.carriers.port import CarrierDownError, Mail
from notifications.domain.deliveries import Deferred, DeliveryId, Outcome, Sent

LANES: Final = 4
"""Files synced beside each other share the disk's commits."""


class MaildirCarrier:
    """Writes each mail to `tmp`, syncs it, and links it into `new` under the delivery's id."""

    batch: Final = 500

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer = token_hex(4)

    async def carry(self, mails: Sequence[Mail], seconds: float) -> Mapping[DeliveryId, Outcome]:
        until = monotonic() + seconds
        try:
            await asyncio.to_thread(self._make_folders)
            lanes = [mails[n::LANES] for n in range(LANES)]
            written = await asyncio.gather(*(asyncio.to_thread(self._write, lane, until) for lane in lanes))
            await asyncio.to_thread(self._sync_folder)
        except OSError as error:
            raise CarrierDownError("mailbox_not_writable") from error
        outcomes = {delivery: outcome for lane in written for delivery, outcome in lane.items()}
        if outcomes and Sent() not in outcomes.values():
            raise CarrierDownError("mailbox_not_writable")
        return outcomes

    async def close(self) -> None:
        """A folder needs no closing."""

    def _make_folders(self) -> None:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write(self, mails: Sequence[Mail], until: float) -> dict[DeliveryId, Outcome]:
        outcomes: dict[DeliveryId, Outcome] = {}
        for mail in mails:
            if monotonic() > until:
                break
            try:
                self._deliver(mail)
                outcomes[mail.delivery] = Sent()
            except OSError:
                outcomes[mail.delivery] = Deferred("mailbox_not_writable")
        return outcomes

    def _deliver(self, mail: Mail) -> None:
        if mail.attempt > 1 and self._was_read(mail.delivery):
            return
        draft = self._folder / "tmp" / f"{mail.delivery}.{self._writer}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(mail.content.replace(b"\r\n", b"\n"))
                file.flush()
                os.fsync(file.fileno())
            (self._folder / "new" / mail.delivery).hardlink_to(draft)
        except FileExistsError:
            return
        finally:
            draft.unlink()

    def _was_read(self, delivery: DeliveryId) -> bool:
        """Whether a mail program has moved it to `cur`, where its name has grown by flags."""
        return any((self._folder / "cur").glob(f"{delivery}*"))

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder / "new", os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
