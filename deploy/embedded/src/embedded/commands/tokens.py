"""`embedded token`."""

from typing import Annotated

import typer

from embedded.commands import HERE, Where
from embedded.folder import Folder
from embedded.issuer import ROLES, Issuer
from embedded.trouble import Trouble


def token(
    sub: Annotated[str, typer.Option(help="The person, under a pseudonym.")],
    role: Annotated[list[str], typer.Option(help="May be repeated.")],
    party: Annotated[str | None, typer.Option(help="The school, company, student or agency.")] = None,
    folder: Where = HERE,
) -> None:
    """Print a bearer token of the development issuer."""
    unknown = [name for name in role if name not in ROLES]
    if unknown:
        raise Trouble(f"There is no role {' or '.join(unknown)}; known are {', '.join(ROLES)}.")
    typer.echo(Issuer.open(Folder(folder).issuer).token(sub, role, party))
