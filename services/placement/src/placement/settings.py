"""What the environment says to this service."""

from pydantic import Field

from chassis.settings import PersonalDataSettings


class Settings(PersonalDataSettings):
    offer_sweep_seconds: float = Field(default=1.0, gt=0, le=3600)
    """How often offers are looked for whose time is up."""
    agreement_sweep_seconds: float = Field(default=1.0, gt=0, le=3600)
    """How often agreements and classes are looked for whose last day or moment is over."""
    retention_sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often retention checks are looked for whose day has come."""
    import_poll_seconds: float = Field(default=0.5, gt=0, le=60)
    """How often files are looked for that are to be taken in."""
    erasure_sweep_seconds: float = Field(default=5.0, gt=0, le=3600)
    """How often students are looked for who asked to be forgotten and whom nothing needs any longer."""
    persons_sweep_seconds: float = Field(default=3600.0, gt=0, le=86400)
    """How often persons are looked for whose time is up."""
    persons_kept_days: int = Field(default=1826, ge=0)
    """How long who a student was is kept after the last class, offer, agreement or placement is over.

    Five years are a default of this software, not an official value.
    """
