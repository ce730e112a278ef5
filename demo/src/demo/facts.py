"""The public facts the demo starts from; `data/SOURCES.md` says where they come from."""

import csv
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

_DATA: Final = files("demo") / "data"


@dataclass(frozen=True, slots=True)
class School:
    """A specialised high school of the register.

    Attributes:
        neis_code: Its code in the national register, None where it has none.
        graduates, employed, advanced: Heads of the 2025 graduate survey, None where it has none yet.
    """

    neis_code: str | None
    name_ko: str
    province: str
    stream: str
    founder: str
    graduates: int | None
    employed: int | None
    advanced: int | None

    @property
    def register_key(self) -> str:
        """What tells it from every other: the code, else its name within its province."""
        return self.neis_code or f"{self.province}:{self.name_ko}"


@dataclass(frozen=True, slots=True)
class PastYear:
    """How many schools a year of the programme had; `kind` says `selected`, `took_part` or `planned`."""

    year: int
    schools: int
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Province:
    """A province's outline as an SVG path, and where its label stands, in the map's units."""

    code: str
    path: str
    label: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outlines:
    width: int
    height: int
    provinces: tuple[Province, ...]


def _rows(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _heads(text: str) -> int | None:
    return int(text) if text else None


@cache
def schools() -> tuple[School, ...]:
    """The 461 specialised high schools, by province and name."""
    return tuple(
        School(
            neis_code=row["neis_code"] or None,
            name_ko=row["name_ko"],
            province=row["province"],
            stream=row["stream"],
            founder=row["founder"],
            graduates=_heads(row["graduates"]),
            employed=_heads(row["employed"]),
            advanced=_heads(row["advanced"]),
        )
        for row in _rows("schools.csv")
    )


@cache
def past_years() -> tuple[PastYear, ...]:
    """The years whose figures are public, oldest first."""
    return tuple(
        PastYear(int(row["year"]), int(row["schools"]), row["kind"], row["source"])
        for row in _rows("programme.csv")
    )


@cache
def outlines() -> Outlines:
    """The map of the 17 provinces."""
    document = json.loads((_DATA / "provinces.json").read_text(encoding="utf-8"))
    provinces = tuple(
        Province(code, shape["path"], (shape["label"][0], shape["label"][1]))
        for code, shape in document["provinces"].items()
    )
    return Outlines(document["width"], document["height"], provinces)
