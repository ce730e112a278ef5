"""Commands beside the chassis's: what is recomputed, taken away and checked without this service's help."""

import base64
import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from chassis.refusals import Invalid
from chassis.service import Inside, Runtime
from chassis.signing import KeyUnusable, PublicKey, SigningKey
from chassis.transaction import Command, begin
from evaluation import snapshots
from evaluation.domain.vocabulary import Year
from evaluation.handlers.archive import archive
from evaluation.snapshots.archive import PUBLIC_KEY, SIGNATURE, check, signed_with

OPERATOR = "operator"


def alone(app: typer.Typer) -> None:
    """What an auditor runs with files alone."""
    app.command(name="recompute")(snapshots.recompute)
    app.command(name="check-export")(check_export)


def inside(app: typer.Typer, run: Inside) -> None:
    """What needs the database."""

    @app.command()
    def export(
        year: Annotated[int, typer.Argument(min=2008, max=2999)],
        to: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
    ) -> None:
        """Write snapshots, results and explanations of a year, signed; `check-export` checks them."""
        if to.exists():
            raise typer.BadParameter("is there already", param_hint="--to")
        run(partial(export_year, year=Year(year), to=to))


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


def check_export(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False)],
    key: Annotated[
        Path | None,
        typer.Option(
            help="The keys as the service answers them, or one of them; without it the export's own.",
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Check an export without a database: signature, hashes, results, totals; exit code 1 where it fails."""
    files = {
        file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()
    }
    if key is None:
        keys = _public(PUBLIC_KEY, files.get(PUBLIC_KEY, b""))
    else:
        keys = _public(str(key), key.read_bytes())
    public = next((each for each in keys if signed_with(files, each)), keys[-1])
    findings = list(check(files, public))
    for finding in findings:
        typer.echo(finding)
    if findings:
        raise typer.Exit(1)
    whose = "" if key is not None else "; compare the key with the published one"
    typer.echo(f"{folder}: {len(files)} files agree, signed with the key {public.kid}{whose}")


def _public(file: str, content: bytes) -> list[PublicKey]:
    """The key in a file, or the keys where it is what the service answers."""
    try:
        document = json.loads(content)
        published = document.get("keys") if isinstance(document, dict) else None
        return [PublicKey.read(each) for each in published or [document]]
    except (ValueError, TypeError) as error:
        typer.echo(f"{file}: is no public key of Ed25519", err=True)
        raise typer.Exit(2) from error
