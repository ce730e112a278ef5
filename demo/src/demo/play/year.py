"""The whole year, in order, and what follows from it."""

from demo.play import applying, deciding, evaluating, placing, preparing, reporting
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
