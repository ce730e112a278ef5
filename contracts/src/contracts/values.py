"""The kinds of value an event may carry.

None of them can hold a person's name, an address or a sentence: ids are opaque, reasons are codes. The few
texts there are name schools, companies and public drawings.
"""

from typing import Annotated, Final, NamedTuple

from pydantic import AwareDatetime, Field


class Named(NamedTuple):
    """What a code is called in Korean and in English."""

    ko: str
    en: str


PROVINCES: Final = {
    "seoul": Named("서울", "Seoul"),
    "busan": Named("부산", "Busan"),
    "daegu": Named("대구", "Daegu"),
    "incheon": Named("인천", "Incheon"),
    "gwangju": Named("광주", "Gwangju"),
    "daejeon": Named("대전", "Daejeon"),
    "ulsan": Named("울산", "Ulsan"),
    "sejong": Named("세종", "Sejong"),
    "gyeonggi": Named("경기", "Gyeonggi"),
    "gangwon": Named("강원", "Gangwon"),
    "chungbuk": Named("충북", "Chungbuk"),
    "chungnam": Named("충남", "Chungnam"),
    "jeonbuk": Named("전북", "Jeonbuk"),
    "jeonnam": Named("전남", "Jeonnam"),
    "gyeongbuk": Named("경북", "Gyeongbuk"),
    "gyeongnam": Named("경남", "Gyeongnam"),
    "jeju": Named("제주", "Jeju"),
}
TRACKS: Final = {
    "general": Named("일반", "General"),
    "regional_key_industry": Named("지역주력산업 연계형", "Regional key industry-linked"),
    "work_study": Named("일학습병행 연계형", "Work-study-linked"),
    "new_technology": Named("신기술 중점지원", "New technology-focused"),
}
KINDS: Final = {
    "continuing": Named("계속지원학교", "Continuing school"),
    "new": Named("신규참여학교", "New entrant school"),
}
STREAMS: Final = {
    "industrial": Named("공업", "Industrial"),
    "commercial": Named("상업·정보", "Commercial and information"),
    "agricultural": Named("농생명", "Agricultural and life sciences"),
    "home_economics": Named("가사·실업", "Home economics and vocational"),
    "fisheries": Named("수산·해운", "Fisheries and shipping"),
}
SCHOOL_TYPES: Final = {
    "specialised": Named("특성화고", "Specialised high school"),
    "meister": Named("마이스터고", "Meister high school"),
}
FOUNDERS: Final = {
    "national": Named("국립", "National"),
    "public": Named("공립", "Public"),
    "private": Named("사립", "Private"),
}


def _identifier(prefix: str) -> object:
    return Field(
        pattern=rf"^{prefix}_[0-9A-Za-z_-]{{1,60}}$", examples=[f"{prefix}_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"]
    )


SchoolId = Annotated[str, _identifier("sch")]
ApplicationId = Annotated[str, _identifier("app")]
CallId = Annotated[str, _identifier("cal")]
DocumentId = Annotated[str, _identifier("doc")]
ReviewerId = Annotated[str, _identifier("rev")]
RunId = Annotated[str, _identifier("run")]
OfferId = Annotated[str, _identifier("off")]
AppealId = Annotated[str, _identifier("apl")]
CompanyId = Annotated[str, _identifier("cmp")]
AgreementId = Annotated[str, _identifier("agr")]
ClassId = Annotated[str, _identifier("cls")]
StudentId = Annotated[str, _identifier("stu")]
OpeningId = Annotated[str, _identifier("opn")]
MatchingId = Annotated[str, _identifier("mat")]
PlacementId = Annotated[str, _identifier("plc")]
DeliveryId = Annotated[str, _identifier("dlv")]

Recipient = Annotated[
    str,
    Field(
        pattern=r"^[0-9A-Za-z_.:-]{1,80}$",
        description="A party's opaque id, or the id of an office; never an address",
        examples=["sch_0194f0c5c1de7c3ab8d2f1a0b3c4d5e6"],
    ),
]
ProgrammeYear = Annotated[int, Field(ge=2008, le=2999, description="Programme year", examples=[2025])]
Sequence = Annotated[int, Field(ge=1, description="Dense counter of a stream, from 1", examples=[3])]
LARGEST: Final = 2**31 - 1
"""What every reader can keep as an integer."""

Count = Annotated[int, Field(ge=0, le=LARGEST, examples=[12])]
Ordinal = Annotated[int, Field(ge=1, le=LARGEST, examples=[1])]
Days = Annotated[int, Field(ge=1, le=366, description="Calendar days in Korea", examples=[7])]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="A code, never a sentence")]
DecimalText = Annotated[
    str,
    Field(
        pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$", description="A decimal number as text", examples=["87.125"]
    ),
]
Sha256 = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256, lower-case hexadecimal",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    ),
]
Moment = Annotated[
    AwareDatetime, Field(description="Moment by the programme's clock", examples=["2025-02-14T09:00:00Z"])
]
OrganisationName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=120,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="Name of a school or a company",
    ),
]
Province = Annotated[Code, Field(description="Province", examples=list(PROVINCES))]
Track = Annotated[Code, Field(description="Track of the programme", examples=list(TRACKS))]
Kind = Annotated[Code, Field(description="Kind of applicant", examples=list(KINDS))]
Reason = Annotated[Code, Field(description="Reason as a code")]
Origin = Annotated[
    Code | None,
    Field(description="`imported` where an earlier year was brought in, else null", examples=["imported"]),
]
