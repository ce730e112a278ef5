"""The policy of the year that is played.

Seats, tracks and their sizes are those of the 2025 announcement; everything else is not public and a default
of this software.
"""

from typing import Any, Final

from demo.cast import Size
from demo.play import calendar

CUT_LINE: Final = "60"
BOTH: Final = ["continuing", "new"]
OUTCOMES: Final = ("graduates", "employed", "advanced", "enlisted", "excluded", "retained")
"""What a continuing school reports of its last cohort, in heads: parts of the official employment rate."""
_DOCUMENTS: Final = {"operation_plan": BOTH, "performance_report": ["continuing"]}


def documents_for(kind: str) -> list[str]:
    """The documents that an application of this kind needs."""
    return [name for name, kinds in _DOCUMENTS.items() if kind in kinds]


def of(size: Size) -> dict[str, Any]:
    """The policy for a year of `size`, as an officer enters it."""
    return {
        "version": 1,
        "seats": size.seats,
        "designations_per_school": 1,
        "pools": [["continuing"], ["new"]],
        "quotas": [
            _quota("regional", ["regional_key_industry", "work_study"], size.regional),
            _quota("new_technology", ["new_technology"], size.new_technology),
        ],
        "cut_line": CUT_LINE,
        "tie_breaks": ["quantitative"],
        "lot_source": f"모의 추첨 (simulated drawing), {calendar.LOT_DRAWN.isoformat()}",
        "lot_drawn_on": calendar.LOT_DRAWN.isoformat(),
        "rubric": f"default_{calendar.YEAR}",
        "questions": [
            {"name": "planned_students", "kinds": BOTH, "at_least": "1", "at_most": "500"},
            {"name": "partner_companies", "kinds": BOTH, "at_least": "1", "at_most": "200"},
            *({"name": name, "kinds": ["continuing"], "at_least": "0", "at_most": None} for name in OUTCOMES),
        ],
        "required_documents": [{"kind": name, "kinds": kinds} for name, kinds in _DOCUMENTS.items()],
        "scoring": {
            "reviewers_per_application": 3,
            "aggregation": "mean",
            "normalisation": "mean_shift",
            "conflict_grounds": ["same_school", "same_province"],
            "scoring_until": calendar.SCORING_UNTIL.isoformat(),
            "appeal_days": 7,
        },
        "promotion": {"offer_days": 7},
        "classes": {"min_size": 5, "max_size": 30},
        "placement": {"offer_days": 7, "rounds": 2, "preferences_at_most": 10},
    }


def _quota(name: str, tracks: list[str], schools: int) -> dict[str, Any]:
    return {"name": name, "tracks": tracks, "at_least": schools, "at_most": schools}


def of_next(size: Size) -> dict[str, Any]:
    """The policy of the year after, simulated: a higher line, smaller classes, one round."""
    drawn = calendar.NEXT_LOT_DRAWN.isoformat()
    policy = of(size)
    return policy | {
        "cut_line": "65",
        "lot_source": f"모의 추첨 (simulated drawing), {drawn}",
        "lot_drawn_on": drawn,
        "scoring": policy["scoring"] | {"scoring_until": calendar.NEXT_SCORING_UNTIL.isoformat()},
        "classes": {"min_size": 5, "max_size": 25},
        "placement": policy["placement"] | {"rounds": 1},
    }
