"""The rules that a programme year runs under."""

from datetime import date
from typing import Annotated

from pydantic import Field

from contracts.event import Part
from contracts.values import Code, Count, Days, DecimalText, Kind, Moment, Ordinal, Track


class Quota(Part):
    """A group of tracks with the designations it must and may have."""

    name: Annotated[Code, Field(examples=["regional", "new_technology"])]
    tracks: Annotated[tuple[Track, ...], Field(min_length=1)]
    at_least: Count
    at_most: Count


class Question(Part):
    """An answer in figures that applications carry and evaluation scores."""

    name: Annotated[Code, Field(examples=["planned_students", "partner_companies"])]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1)]
    at_least: Annotated[DecimalText | None, Field(description="Null for no limit", examples=["1"])]
    at_most: Annotated[DecimalText | None, Field(description="Null for no limit", examples=["500"])]


class RequiredDocument(Part):
    """A document without which an application of these kinds is not accepted."""

    kind: Annotated[Code, Field(examples=["operation_plan", "performance_report"])]
    kinds: Annotated[tuple[Kind, ...], Field(min_length=1, description="Kinds of applicant that need it")]


class ScoringRules(Part):
    """How reviewers' scores become an application's total."""

    reviewers_per_application: Annotated[Ordinal, Field(examples=[3])]
    aggregation: Annotated[Code, Field(examples=["mean", "trimmed_mean"])]
    normalisation: Annotated[Code, Field(examples=["off", "mean_shift", "z_score"])]
    conflict_grounds: Annotated[
        tuple[Code, ...],
        Field(description="What makes a reviewer conflicted", examples=[["same_school", "same_province"]]),
    ]
    scoring_until: Moment
    appeal_days: Days


class PromotionRules(Part):
    """How a place that fell free is offered."""

    offer_days: Days


class ClassRules(Part):
    """Limits of an employment-customised class, in students."""

    min_size: Annotated[Ordinal, Field(examples=[5])]
    max_size: Annotated[Ordinal, Field(examples=[30])]


class PlacementRules(Part):
    """How students and openings are brought together."""

    offer_days: Days
    rounds: Annotated[Ordinal, Field(description="Matching rounds planned")]
    preferences_at_most: Annotated[Ordinal, Field(description="Openings a student may list", examples=[10])]
    signing_days: Annotated[
        Days, Field(description="Whole days in which all three sign a drafted agreement", examples=[14])
    ] = 14


class Policy(Part):
    """The rules a programme year runs under; a version never changes."""

    version: Ordinal
    seats: Annotated[Count, Field(description="Schools to select", examples=[180])]
    designations_per_school: Annotated[Count, Field(examples=[1])]
    pools: Annotated[tuple[tuple[Kind, ...], ...], Field(min_length=1, examples=[[["continuing"], ["new"]]])]
    quotas: Annotated[
        tuple[Quota, ...],
        Field(
            description="Every track but the general one belongs to exactly one",
            examples=[
                [
                    {
                        "name": "regional",
                        "tracks": ["regional_key_industry", "work_study"],
                        "at_least": 10,
                        "at_most": 10,
                    },
                    {"name": "new_technology", "tracks": ["new_technology"], "at_least": 25, "at_most": 25},
                ]
            ],
        ),
    ]
    cut_line: Annotated[DecimalText, Field(description="Lowest total that passes", examples=["60"])]
    tie_breaks: Annotated[
        tuple[Code, ...],
        Field(description="Criteria in the order they are asked", examples=[["quantitative"]]),
    ]
    lot_source: Annotated[
        str,
        Field(
            min_length=1,
            max_length=200,
            pattern=r"^[^\x00-\x1f\x7f]+$",
            description="The public drawing after the deadline whose outcome is the lot's seed",
            examples=["Lotto 6/45, draw 1160, winning numbers in ascending order"],
        ),
    ]
    lot_drawn_on: Annotated[date, Field(description="Day of the drawing", examples=["2025-02-22"])]
    rubric: Annotated[Code, Field(description="Name of the rubric in evaluation", examples=["default_2025"])]
    questions: tuple[Question, ...]
    required_documents: tuple[RequiredDocument, ...]
    scoring: ScoringRules
    promotion: PromotionRules
    classes: ClassRules
    placement: PlacementRules
