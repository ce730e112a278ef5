"""`SERVICE keys …`: make, list and retire keys of personal data, and seal all rows anew."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from chassis import encryption
from chassis.encryption import KeyUse, SealedTable
from chassis.keyring import KeyId, Keyring, Keys, KeysUnusable, Unreadable, make
from chassis.lazily import group, part
from chassis.operating import OPERATOR, Reason, in_database, settings_of
from chassis.service import Service
from chassis.transaction import Command, Pool, begin, read, repeated


def commands(service: Service) -> typer.Typer:
    """The commands `keys …` of a service with sealed columns."""
    app = group("Keys of personal data.")
    own = _KeyCommands(service, [part(table) for table in service.sealed])
    app.command(name="new")(own.new)
    app.command(name="list")(own.list)
    app.command(name="reseal")(own.reseal)
    app.command(name="retire")(own.retire)
    return app


@dataclass(frozen=True, slots=True)
class _KeyCommands:
    service: Service
    tables: Sequence[SealedTable]

    def file(self) -> Path:
        """Where the keys stand."""
        file: Path = settings_of(self.service).personal_data_keys  # type: ignore[attr-defined]  # where it seals
        return file

    def inside(self, work: Callable[[Pool], Awaitable[None]]) -> None:
        in_database(self.service, work)

    def new(self) -> None:
        """Add a key to the file and use it for new values; makes the file where there is none."""
        where = self.file()
        if where.exists():
            _keyring(where).keys.with_new().write(where)
        else:
            make(where)
        typer.echo(f"{_keyring(where).keys.primary} is the key for new values now")

    def list(self) -> None:
        """The keys, and how many rows each one seals."""
        keys = _keyring(self.file()).keys

        async def work(pool: Pool) -> None:
            async with read(pool) as tx:
                Console().print(_listed(keys, await encryption.uses(tx, self.tables)))

        self.inside(work)

    def reseal(self) -> None:
        """Seal all rows with the newest key; broken off, it goes on where it was."""
        keyring = _keyring(self.file())
        self.inside(lambda pool: _reseal(pool, keyring, self.tables))

    def retire(self, key: str, reason: Reason) -> None:
        """Let go of a key that seals no row any more, and take it out of the file.

        A backup made before can be read with that key alone: keep a copy for as long as the backups.
        """
        keyring = _keyring(self.file())

        async def work(pool: Pool) -> None:
            async def once() -> None:
                async with begin(pool, Command(actor=OPERATOR)) as tx:
                    await encryption.retire(tx, keyring, self.tables, KeyId(key), reason)

            await repeated(once)

        self.inside(work)
        keyring.keys.without(KeyId(key)).write(keyring.file)
        typer.echo(f"{key} is retired and no longer in {keyring.file.name}")


async def _reseal(pool: Pool, keyring: Keyring, tables: Sequence[SealedTable]) -> None:
    with Progress(console=Console()) as shown:
        for table in tables:
            tell = _teller(shown, table.table)
            try:
                rows = await encryption.seal_anew(pool, keyring, table, OPERATOR, tell)
            except Unreadable as error:
                shown.stop()
                typer.echo(f"A value does not open: {error}", err=True)
                raise typer.Exit(1) from None
            shown.console.print(f"{table.table}: {rows} rows sealed anew with {keyring.keys.primary}")


def _teller(shown: Progress, name: str) -> Callable[[int, int], None]:
    task = shown.add_task(name, total=None)

    def tell(done: int, total: int) -> None:
        whole = max(total, 1)
        shown.update(task, completed=done if total else whole, total=whole)

    return tell


def _listed(keys: Keys, uses: Sequence[KeyUse]) -> Table:
    known = {use.key: use for use in uses}
    table = Table("key", "in the file", "rows", "first used", "retired")
    for key in dict.fromkeys([*keys.secrets, *known]):
        use = known.get(key, KeyUse(key, 0, None, None))
        moments = ["" if each is None else each.isoformat() for each in (use.first_used_at, use.retired_at)]
        table.add_row(key, _standing(keys, key), str(use.rows), *moments)
    return table


def _standing(keys: Keys, key: KeyId) -> str:
    if key == keys.primary:
        return "for new values"
    return "yes" if key in keys.secrets else "no"


def _keyring(file: Path) -> Keyring:
    try:
        return Keyring(file)
    except KeysUnusable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
