"""What the environment says to this service."""

from pathlib import Path

from pydantic import Field

from chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    offer_sweep_seconds: float = Field(default=1.0, gt=0, le=3600)
    """How often offers are looked for whose time is up."""
    signing_key: Path = Path("evaluation-signing-key.pem")
    """The Ed25519 key that exports are signed with (PEM, PKCS #8); made at first start."""
