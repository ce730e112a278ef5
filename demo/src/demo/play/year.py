"""The whole year, in order."""

from demo.play import applying, deciding, evaluating, placing, reporting
from demo.play.stage import Stage


async def play(stage: Stage) -> None:
    """From the register of schools to signed placements.

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
    await placing.place(stage)
