"""`run.json`: what other tools have to know of a running stack."""

import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from embedded.folder import Folder, write_private
from embedded.processes import Identity
from embedded.trouble import Trouble


class Addresses(BaseModel):
    """A database: `url` for the service, `owner_url` for migrations, `admin_url` for the superuser."""

    model_config = ConfigDict(frozen=True)

    url: str
    owner_url: str
    admin_url: str


class Run(BaseModel):
    """One run of the stack.

    Attributes:
        folder: The working folder.
        processes: Process ids by name: supervisor, postgres, kafka and each service.
        services: HTTP addresses by service; the documentation is at `/docs` of each.
        databases: By service.
        admin_url: The superuser's address of PostgreSQL.
        bootstrap_servers: Kafka's.
        issuer: The `iss` of tokens; `audience` their `aud`; `issuer_key` and `issuer_keys` files with the
            private JWK and the public JWKS.
        otlp_endpoint: Where spans are sent; `spans` is the file that keeps them.
        mailbox: The folder where notifications leave mails.
        logs: The folder with a log of each process.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    processes: dict[str, int]
    supervisor_started: float
    services: dict[str, str]
    databases: dict[str, Addresses]
    admin_url: str
    bootstrap_servers: str
    issuer: str
    audience: str
    issuer_key: Path
    issuer_keys: Path
    otlp_endpoint: str
    spans: Path
    mailbox: Path
    logs: Path

    def write(self, file: Path) -> None:
        """At once and whole, for its owner alone. Raises: Trouble: the disk refuses."""
        write_private(file, json.dumps(self.model_dump(mode="json"), indent=2) + "\n")

    @classmethod
    def of(cls, folder: Folder) -> Self:
        """The run that is going on in a folder.

        Raises:
            Trouble: nothing runs there.
        """
        try:
            run = cls.model_validate_json(folder.run.read_bytes())
        except (OSError, ValidationError):
            raise Trouble(f"Nothing runs in {folder.path}; `make up` starts it.") from None
        if Identity(run.processes["supervisor"], run.supervisor_started).process() is None:
            raise Trouble(f"The stack in {folder.path} has been killed; `make up` brings it back.")
        return run
