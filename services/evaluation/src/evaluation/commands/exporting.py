"""`evaluation export`: a year, taken away and signed."""

import base64
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from chassis.operating import OPERATOR
from chassis.refusals import Invalid
from chassis.runtime import Inside, Runtime
from chassis.signing import KeyUnusable, SigningKey
from chassis.transaction import Command, begin
from evaluation.domain.vocabulary import Year
from evaluation.handlers.archive import archive
from evaluation.snapshots.archive import PUBLIC_KEY, SIGNATURE


def command(run: Inside) -> Callable[..., None]:
    """The command `export`."""

    def export(
        year: Annotated[int, typer.Argument(min=2008, max=2999)],
        to: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
    ) -> None:
        """Write snapshots, results and explanations of a year, signed; `check-export` checks them."""
        if to.exists():
            raise typer.BadParameter("is there already", param_hint="--to")
        run(partial(export_year, year=Year(year), to=to))

    return export


async def export_year(runtime: Runtime, year: Year, to: Path) -> None:
    """Write a year's export into a folder.

    Raises:
        NotFound: rule `programme_year_not_found`.
        Invalid: rule `folder_unwritable`.
    """
    key = signing_key(runtime.settings.signing_key)
    async with begin(runtime.pool, Command(actor=OPERATOR)) as tx:
        made = await archive(tx, year)
    signature = base64.b64encode(key.sign(made.manifest))
    public = json.dumps(key.public.document()).encode()
    _write(to, {**made.files, SIGNATURE: signature, PUBLIC_KEY: public})
    typer.echo(f"{to}: {len(made.files)} files, signed with the key {key.public.kid}")


def signing_key(file: Path) -> SigningKey:
    """The key that exports are signed with.

    Raises:
        Exit: the file is no such key; a line says so.
    """
    try:
        return SigningKey.open(file)
    except KeyUnusable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _write(to: Path, files: Mapping[str, bytes]) -> None:
    try:
        for name, content in files.items():
            file = to / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except OSError as error:
        raise Invalid("folder_unwritable", f"{to} cannot be written: {error.strerror}", "to") from error
