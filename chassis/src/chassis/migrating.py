"""`SERVICE migrate`."""

from collections.abc import Callable

from chassis import migrations
from chassis.operating import refuse, settings_of
from chassis.service import Service


def command(service: Service) -> Callable[[], None]:
    """The command `migrate`."""

    def migrate() -> None:
        """Bring the database up to date, as the owner of its schema."""
        settings = settings_of(service)
        if settings.migration_database_url is None:
            refuse("MIGRATION_DATABASE_URL is missing: migrations run as the owner of the schema")
        try:
            migrations.migrate(service.name, str(settings.migration_database_url))
        except migrations.MigrationFailed as error:
            refuse(str(error))

    return migrate
