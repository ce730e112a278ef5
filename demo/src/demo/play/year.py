"""The whole year, in order, and what follows from it."""

from demo.play import applying, coming, deciding, evaluating, following, placing, preparing, reporting
from demo.play.stage import Stage


async def play(stage: Stage) -> None:
    """From the register of schools to work that lasts, and the call of the year after.

    Raises:
        DemoFailed: a service answered otherwise than the play needs.
    """
    await applying.register(stage)
    await evaluating.import_last_year(stage)
    await applying.announce(stage)
    await reporting.import_outcomes(stage)
    await applying.apply(stage)
    await applying.close(stage)
    await evaluating.score(stage)
    await deciding.select(stage)
    await deciding.promote(stage)
    market = await preparing.prepare(stage)
    await placing.place(stage, market)
    await following.go_on(stage, market)
    await following.count(stage)
    following_year = await coming.announce(stage)
    await coming.apply(stage, market, following_year)
    await following.leave(stage, market)
    await coming.score(stage, following_year)
    await following.known_late(stage, market)
    await coming.confirm(stage, following_year)
    await following.six_months(stage, market)
    await following.twelve_months(stage, market)
    await following.close(stage)
