"""What every service is told by its environment; read once, by `main.py` through the chassis."""

from pathlib import Path

from pydantic import Field, PostgresDsn
from pydantic_settings import SettingsConfigDict

from chassis.exporting import ExportSettings


class ServiceSettings(ExportSettings):
    """The environment of a service. A service adds its own fields in its `settings.py`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    database_url: PostgresDsn
    """The run-time role: data, no definitions."""
    migration_database_url: PostgresDsn | None = None
    """The owner of the schema; only `migrate` needs it."""
    database_connections: int = Field(default=10, ge=2, le=200)
    kafka_bootstrap: str = "localhost:9092"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=0, le=65535)
    relay_lanes: int = Field(default=1, ge=1, le=64)
    """How many relays can share the work; divides the partition count of every topic."""
    inbox_batch: int = Field(default=500, ge=1, le=5000)
    inbox_kept_days: int = Field(default=400, ge=1)
    """How long the ids of events are remembered: longer than the oldest backup that anyone would restore."""
    access_kept_days: int = Field(default=731, ge=366)
    """How long it is kept who read whose personal data: two years are asked of who holds that of 50,000."""
    audit_seal_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often audit rows are sealed into their chain."""
    identity_keys: Path = Path("jwks.json")
    """The JWKS document with the public keys of the issuer of bearer tokens."""
    identity_issuer: str = "ieum-development"
    identity_audience: str = "ieum"
    log_level: str = "INFO"
    trace_statements: bool = False
    """Whether each SQL statement gets a span of its own."""
    crash_at: str | None = None
    """For crash tests alone: the named point, `point` or `point:n`, at which this process kills itself."""


class PersonalDataSettings(ServiceSettings):
    """Of a service with sealed columns (`Service(sealed=…)`)."""

    personal_data_keys: Path = Path("personal-data-keys.json")
    """The keys of its sealed columns, of no other service's; only its own user may read the file."""
