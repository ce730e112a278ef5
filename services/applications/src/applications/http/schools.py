"""Routes of the register of schools."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from applications.domain.schools import SchoolFacts
from applications.domain.vocabulary import SchoolId
from applications.handlers import schools as handlers
from applications.http.identity import Anyone, Officer
from applications.views import schools as views
from applications.views.schools import SchoolFilter, SchoolView
from applications.views.shapes import Page
from contracts import values
from web import Read, Router, Tx

router = Router(tags=["schools"])


def _one_of(known: Mapping[str, values.Named]) -> AfterValidator:
    def check(code: str) -> str:
        if code not in known:
            raise PydanticCustomError("known", "Known are {known}", {"known": ", ".join(known)})
        return code

    return AfterValidator(check)


class Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SchoolRow(Body):
    """A school of a list."""

    neis_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,16}$")] | None = Field(
        description="Code in the national register, null where it has none", examples=["7010271"]
    )
    name_ko: values.OrganisationName = Field(examples=["한빛공업고등학교"])
    name_en: values.OrganisationName | None = Field(default=None, examples=["Hanbit Technical High School"])
    province: Annotated[str, _one_of(values.PROVINCES)] = Field(examples=["seoul"])
    stream: Annotated[str, _one_of(values.STREAMS)] = Field(examples=["industrial"])
    founder: Annotated[str, _one_of(values.FOUNDERS)] = Field(examples=["public"])
    school_type: Annotated[str, _one_of(values.SCHOOL_TYPES)] = Field(
        default="specialised", examples=["specialised"]
    )

    def facts(self) -> SchoolFacts:
        return SchoolFacts(**self.model_dump())


class ImportSchools(Body):
    rows: Annotated[list[SchoolRow], Field(min_length=1, max_length=2000)]


class ImportedView(Body):
    registered: int = Field(examples=[461])
    unchanged: int = Field(examples=[0])
    schools: list[SchoolView] = Field(description="Those registered now")


class Rename(Body):
    name_ko: values.OrganisationName = Field(examples=["새한빛공업고등학교"])
    name_en: values.OrganisationName | None = Field(examples=["New Hanbit Technical High School"])


class CloseSchool(Body):
    reason: values.Reason = Field(examples=["merged"])


Id = Annotated[SchoolId, Path(max_length=64)]


@router.post("/schools/import", status_code=201)
async def import_schools(body: ImportSchools, _: Officer, tx: Tx) -> ImportedView:
    """Take in a list of schools, all or nothing; those known with the same facts are passed over."""
    imported = await handlers.import_schools(tx, [row.facts() for row in body.rows])
    registered = await views.schools_of(tx, [school.id for school in imported.registered])
    return ImportedView(registered=len(registered), unchanged=imported.unchanged, schools=registered)


@router.put("/schools/{school}/name")
async def rename_school(school: Id, body: Rename, _: Officer, tx: Tx) -> SchoolView:
    """Give a school of the register another name."""
    await handlers.rename_school(tx, school, body.name_ko, body.name_en)
    return await views.school(tx, school)


@router.post("/schools/{school}/closure", status_code=201)
async def close_school(school: Id, body: CloseSchool, _: Officer, tx: Tx) -> SchoolView:
    """Close a school of the register; it cannot apply from then on."""
    await handlers.close_school(tx, school, body.reason)
    return await views.school(tx, school)


@router.get("/schools")
async def list_schools(wanted: Annotated[SchoolFilter, Query()], _: Anyone, read: Read) -> Page[SchoolView]:
    """Schools of the register by province, stream, state or a part of the name."""
    return await views.schools(read, wanted)


@router.get("/schools/{school}")
async def show_school(school: Id, _: Anyone, read: Read) -> SchoolView:
    """A school of the register."""
    return await views.school(read, school)
