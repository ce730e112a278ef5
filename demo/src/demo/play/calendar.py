"""When things happen in the programme; days of the 2025 announcement where they are public."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final

YEAR: Final = 2025
KST: Final = timezone(timedelta(hours=9), "KST")


def _at(month: int, day: int, hour: int = 10, *, year: int = YEAR) -> datetime:
    return datetime(year, month, day, hour, tzinfo=KST)


REGISTER: Final = _at(12, 16, year=YEAR - 1)
CALL_ANNOUNCED: Final = _at(1, 13)
CALL_OPENS: Final = _at(1, 20, 9)
APPLYING: Final = _at(1, 21)
MENDING: Final = _at(2, 10)
DEADLINE: Final = _at(2, 14, 18)
EXTENDED: Final = _at(2, 17, 18)
AFTER_DEADLINE: Final = _at(2, 15)
CLOSING: Final = _at(2, 18)
SCORING: Final = _at(2, 19)
SCORING_UNTIL: Final = _at(3, 7, 18)
LOT_DRAWN: Final = date(YEAR, 3, 8)
PRELIMINARY: Final = _at(3, 10)
APPEALING: Final = _at(3, 12)
HEARING: Final = _at(3, 14)
HEARD_UNTIL: Final = _at(3, 18)
ANSWERING_APPEALS: Final = _at(3, 19)
FINAL: Final = _at(3, 24)
RELINQUISHING: Final = _at(3, 27)
ANSWERING: Final = _at(3, 28)
REVOKING: Final = _at(3, 29)
OFFER_OVER: Final = _at(4, 6)
AGREEING: Final = _at(4, 7)
SME_CONFIRMED_UNTIL: Final = date(YEAR + 1, 3, 31)
AGREEMENT_TERM: Final = (date(YEAR, 4, 1), date(YEAR + 2, 2, 26))
CLASSES: Final = _at(5, 1)
CLASS_TERM: Final = (date(YEAR, 5, 1), date(YEAR, 12, 31))
CONSENT: Final = date(YEAR, 4, 28)
OPENINGS: Final = _at(9, 1)
WORK_STARTS: Final = date(YEAR, 11, 17)


@dataclass(frozen=True, slots=True)
class Round:
    """The days of a matching round; `over` is when offers that nobody answered have expired."""

    opens: datetime
    preferences_until: datetime
    ranking: datetime
    rankings_until: datetime
    deciding: datetime
    accepting: datetime
    over: datetime


ROUNDS: Final = (
    Round(
        opens=_at(10, 13),
        preferences_until=_at(10, 24, 18),
        ranking=_at(10, 27),
        rankings_until=_at(10, 31, 18),
        deciding=_at(11, 3),
        accepting=_at(11, 4),
        over=_at(11, 12),
    ),
    Round(
        opens=_at(11, 14),
        preferences_until=_at(11, 19, 18),
        ranking=_at(11, 20),
        rankings_until=_at(11, 24, 18),
        deciding=_at(11, 25),
        accepting=_at(11, 26),
        over=_at(12, 5),
    ),
)
GOING_ON: Final = date(YEAR, 12, 19)
DESTINATIONS: Final = _at(12, 22)
COUNTED: Final = date(YEAR, 12, 31)
COUNTING: Final = _at(1, 5, year=YEAR + 1)

NEXT: Final = YEAR + 1
NEXT_ANNOUNCED: Final = _at(1, 12, year=NEXT)
NEXT_OPENS: Final = _at(1, 19, 9, year=NEXT)
NEXT_APPLYING: Final = _at(1, 21, year=NEXT)
LEFT: Final = date(NEXT, 1, 30)
LEAVING: Final = _at(2, 2, year=NEXT)
NEXT_DEADLINE: Final = _at(2, 13, 18, year=NEXT)
NEXT_CLOSING: Final = _at(2, 16, year=NEXT)
NEXT_SCORING: Final = _at(2, 18, year=NEXT)
KNOWN_LATE: Final = _at(2, 24, year=NEXT)
LEFT_EARLY: Final = date(YEAR, 12, 30)
NEXT_SCORING_UNTIL: Final = _at(3, 6, 18, year=NEXT)
NEXT_LOT_DRAWN: Final = date(NEXT, 3, 7)
NEXT_CONFIRMING: Final = _at(3, 9, year=NEXT)

SIX_MONTHS: Final = _at(5, 18, year=NEXT)
OVERDUE: Final = _at(6, 8, year=NEXT)
TWELVE_MONTHS: Final = _at(12, 8, year=NEXT)
DRAWN: Final = date(NEXT, 12, 7)
CLOSED: Final = date(NEXT, 12, 14)
END: Final = _at(12, 15, year=NEXT)
