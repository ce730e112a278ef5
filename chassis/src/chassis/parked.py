"""`SERVICE parked …`: what could not be applied, and what to do with it."""

from functools import partial

import typer
from rich.console import Console
from rich.table import Table

from chassis import parking
from chassis.lazily import group, part
from chassis.operating import Reason, decided, in_database, refuse
from chassis.service import Service
from chassis.transaction import Pool, read


def commands(service: Service) -> typer.Typer:
    """The commands `parked …`."""
    app = group("What could not be applied, and what to do with it.")
    inside = partial(in_database, service)

    @app.command(name="list")
    def list_() -> None:
        """What is parked, in the order of each stream."""
        inside(_list)

    @app.command()
    def show(record: int) -> None:
        """One parked record with its headers and bytes."""
        inside(partial(_show, record=record))

    @app.command()
    def replay(topic: str, key: str, reason: Reason) -> None:
        """Apply what is parked of one stream, in order, as far as it fits."""
        inbox = part(service.inbox)
        if inbox is None:
            refuse(f"{service.name} listens to nobody")
        inside(decided(partial(parking.replay, inbox=inbox, topic=topic, lane=key, reason=reason)))

    @app.command()
    def discard(record: int, reason: Reason) -> None:
        """Give one record up: its stream goes on as if it had been applied."""
        inside(decided(partial(parking.discard, record=record, reason=reason)))

    @app.command(name="skip-to")
    def skip_to(topic: str, key: str, sequence: int, reason: Reason) -> None:
        """Move a stream's mark past what can never come."""
        inside(decided(partial(parking.skip_to, topic=topic, lane=key, sequence=sequence, reason=reason)))

    return app


async def _list(pool: Pool) -> None:
    async with read(pool) as view:
        records = await parking.everything(view)
    table = Table("id", "topic", "key", "sequence", "type", "reason", "detail", "parked at")
    for r in records:
        texts = (r.id, r.topic, r.lane, r.sequence, r.type, r.reason, r.detail, r.parked_at.isoformat())
        table.add_row(*("" if text is None else str(text) for text in texts))
    Console().print(table if records else "Nothing is parked.")


async def _show(pool: Pool, record: int) -> None:
    async with read(pool) as view:
        parked = await parking.one(view, record)
    for name in parking.Parked.__slots__:
        typer.echo(f"{name}: {getattr(parked, name)}")
