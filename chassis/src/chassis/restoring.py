"""`SERVICE restore …`: the steps of the runbook after a restore."""

from functools import partial

import typer
from aiokafka.errors import KafkaError

from chassis import restore
from chassis.lazily import group
from chassis.operating import Reason, decided, in_database, settings_of, unanswered
from chassis.service import Service
from chassis.transaction import Pool


def commands(service: Service) -> typer.Typer:
    """The commands `restore …`."""
    app = group("After the database came back from a backup.")

    @app.command(name="raise-generation")
    def raise_generation(reason: Reason) -> None:
        """Number events in a new generation from here on; the first step after a restore."""
        in_database(service, decided(partial(restore.raise_generation, reason=reason)))

    @app.command()
    def check() -> None:
        """List every event that was told to others and is no longer known here; exit 1 if there is one."""

        async def work(pool: Pool) -> None:
            try:
                kafka = settings_of(service).kafka_bootstrap
                forgotten = await restore.check(pool, service.name, kafka, service.topics)
            except KafkaError as error:
                unanswered(error)
            for event in forgotten:
                typer.echo(f"{event.topic} {event.key} {event.sequence} {event.type} {event.event}")
            typer.echo(f"{len(forgotten)} events were told and are not known here")
            if forgotten:
                raise typer.Exit(1)

        in_database(service, work)

    return app
