"""When things happen in the programme; days of the 2025 announcement where they are public."""

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
AGREEMENT_TERM: Final = (date(YEAR, 4, 1), date(YEAR + 1, 2, 28))
CLASSES: Final = _at(5, 1)
CLASS_TERM: Final = (date(YEAR, 5, 1), date(YEAR, 12, 31))
OPENINGS: Final = _at(9, 1)
MATCHING: Final = _at(10, 13)
PREFERENCES_UNTIL: Final = _at(10, 24, 18)
RANKING: Final = _at(10, 27)
RANKINGS_UNTIL: Final = _at(10, 31, 18)
DECIDING: Final = _at(11, 3)
ACCEPTING: Final = _at(11, 4)
SIGNING: Final = _at(11, 12)
WORK_STARTS: Final = date(YEAR + 1, 1, 5)
END: Final = _at(12, 1)
