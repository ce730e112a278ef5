"""`evaluation check-export`: what an auditor runs with files alone, without this service's help."""

import json
from pathlib import Path
from typing import Annotated

import typer

from chassis.signing import PublicKey
from evaluation.snapshots.archive import PUBLIC_KEY, check, signed_with


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
