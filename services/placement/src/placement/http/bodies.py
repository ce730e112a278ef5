"""What every request body is made of."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from contracts import values
from placement.domain.agreements import Term
from placement.domain.vocabulary import (
    AgreementId,
    ClassId,
    CompanyId,
    OfferId,
    OpeningId,
    PlacementId,
    RoundId,
    StudentId,
)
from placement.views.shapes import ref


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def one_of(known: Mapping[str, values.Named]) -> AfterValidator:
    """A code of a vocabulary that is closed here."""

    def check(code: str) -> str:
        if code not in known:
            raise PydanticCustomError("known", "Known are {known}", {"known": ", ".join(known)})
        return code

    return AfterValidator(check)


class TermBody(Body):
    starts_on: date = Field(examples=["2025-04-01"])
    ends_on: date = Field(description="Last day", examples=["2026-02-28"])

    def term(self) -> Term:
        return Term(self.starts_on, self.ends_on)


Province = Annotated[str, one_of(values.PROVINCES), Field(examples=["seoul"])]
Track = Annotated[str, one_of(values.TRACKS), Field(examples=["new_technology"])]
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""Text without control characters."""
Decimal = Annotated[
    str, Field(pattern=r"^-?(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$", max_length=20, examples=["87.5"])
]

GivenCompany = Annotated[CompanyId, ref("cmp")]
GivenAgreement = Annotated[AgreementId, ref("agr")]
GivenClass = Annotated[ClassId, ref("cls")]
GivenOpening = Annotated[OpeningId, ref("opn")]
GivenPlacement = Annotated[PlacementId, ref("plc")]
GivenStudent = Annotated[StudentId, ref("stu")]

CompanyPath = Annotated[CompanyId, Path(max_length=64)]
AgreementPath = Annotated[AgreementId, Path(max_length=64)]
ClassPath = Annotated[ClassId, Path(max_length=64)]
OpeningPath = Annotated[OpeningId, Path(max_length=64)]
RoundPath = Annotated[RoundId, Path(max_length=64)]
OfferPath = Annotated[OfferId, Path(max_length=64)]
PlacementPath = Annotated[PlacementId, Path(max_length=64)]
StudentPath = Annotated[StudentId, Path(max_length=64)]
