"""The auditor's command: results again from snapshot files alone, without database, broker or settings."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import typer

from decisions import strict
from decisions.canonical import HASH_FIELD, canonical, result_sha256, sealed, sha256
from decisions.strict import Broken

Snapshot = TypeVar("Snapshot")

AGREED, DIFFERS, BROKEN = 0, 1, 2


class Difference(NamedTuple):
    """Where two results part: the field and why it matters."""

    field: str
    detail: str


def decide(
    document: Any, parse: Callable[[Any], Snapshot], compute: Callable[[Snapshot], Mapping[str, Any]]
) -> dict[str, Any]:
    """The sealed result of a snapshot document: what `compute` says, with both hashes.

    Raises:
        Broken: `parse` or `compute` refuses the document, or it has no canonical form.
    """
    result = compute(parse(document))
    return sealed({**result, "snapshot_sha256": _hash(document)})


def recompute_command(
    parse: Callable[[Any], Snapshot], compute: Callable[[Snapshot], Mapping[str, Any]]
) -> Callable[..., None]:
    """The function behind `recompute FILE… [--expect RESULT]`, for a typer application.

    Results go to standard output, one a line, in canonical form; what is to be said about a file goes to
    standard error. Exit codes: 0 computed or agreed, 1 differs from what was expected, 2 a file that
    breaks a rule (the others are done nevertheless).

    Args:
        parse: Reads a document strictly, raising `Broken`.
        compute: The result without hashes; it may raise `Broken` too.
    """

    def recompute(
        files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Snapshot files")],
        expect: Annotated[
            Path | None, typer.Option(metavar="RESULT", help="The result file one snapshot should give")
        ] = None,
    ) -> None:
        """Recompute results from snapshot files alone, and compare."""
        if expect is not None and len(files) != 1:
            raise typer.BadParameter("takes the result of a single snapshot file", param_hint="--expect")
        code = AGREED
        for file in files:
            try:
                result = decide(strict.load(file), parse, compute)
            except Broken as error:
                typer.echo(f"{file}: {error}", err=True)
                code = BROKEN
                continue
            typer.echo(canonical(result))
            if expect is not None:
                code = _compare(expect, result)
        raise typer.Exit(code)

    return recompute


def _hash(document: Any) -> str:
    try:
        return sha256(document)
    except ValueError as error:
        raise Broken("", "canonical_form", f"has no canonical form: {error}") from error


def _compare(expect: Path, result: Mapping[str, Any]) -> int:
    try:
        difference = difference_from(strict.load(expect), result)
    except Broken as error:
        typer.echo(f"{expect}: {error}", err=True)
        return BROKEN
    if difference is not None:
        typer.echo(f"{expect}: {difference.field}: differs: {difference.detail}", err=True)
        return DIFFERS
    typer.echo(f"{expect}: agrees: {result[HASH_FIELD]}", err=True)
    return AGREED


def difference_from(expected: Any, result: Mapping[str, Any]) -> Difference | None:
    """The first difference of a result file from a computed result, None when they agree.

    Raises:
        Broken: The document is no result: its hash is missing or it has no canonical form.
    """
    fields = strict.Fields(expected)
    stated = strict.text(*fields.take(HASH_FIELD))
    try:
        own = result_sha256(expected)
    except ValueError as error:
        raise Broken("", "canonical_form", f"has no canonical form: {error}") from error
    if stated == own == result[HASH_FIELD]:
        return None
    for name in sorted({*expected, *result} - {HASH_FIELD}):
        if name not in expected or name not in result or expected[name] != result[name]:
            return Difference(name, "it is not what the snapshot gives")
    return Difference(HASH_FIELD, f"{stated} is not the hash of the result, which is {own}")
