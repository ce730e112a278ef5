"""What is told of bipartite agreements."""

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field

from contracts.placement.parties import SchoolEvent
from contracts.topics import Service
from contracts.values import AgreementId, Code, CompanyId, Moment, OrganisationName, Province, Reason


class _AgreementEvent(SchoolEvent):
    agreement: AgreementId
    company: CompanyId
    company_name_ko: Annotated[OrganisationName, Field(examples=["한빛정밀"])]
    company_name_en: Annotated[OrganisationName | None, Field(examples=["Hanbit Precision"])]
    company_province: Province
    starts_on: Annotated[date, Field(examples=["2025-04-01"])]
    ends_on: Annotated[date, Field(description="Last day in force", examples=["2026-02-28"])]


class AgreementProposed(_AgreementEvent):
    """A bipartite agreement of a school and a company waits for signatures."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are asked to sign"

    proposed_at: Moment


class AgreementInForce(_AgreementEvent):
    """Both parties signed; classes, rosters and openings may rest on the agreement."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are told"

    in_force_at: Moment


class AgreementChanged(_AgreementEvent):
    """Both parties signed another term of a bipartite agreement in force."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are told"

    changed_at: Moment


class AgreementEnded(_AgreementEvent):
    """A bipartite agreement carries nothing new: withdrawn unsigned, ended early, or expired by date."""

    read_by: ClassVar[tuple[Service, ...]] = ("notifications",)
    why: ClassVar[str] = "both parties are told"

    was_in_force: Annotated[bool, Field(examples=[True])]
    reason: Annotated[Reason, Field(examples=["term_over", "company_closed", "by_mutual_consent"])]
    ended_by: Annotated[Code, Field(examples=["school", "company", "officer", "deadline"])]
    ended_at: Moment
