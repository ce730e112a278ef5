"""Which lives of things the ledger takes for legal."""

from datetime import UTC, datetime
from uuid import uuid4

from contracts.envelope import Envelope
from contracts.event import Event
from contracts.examples import example
from contracts.placement import OpeningFilled, OpeningPublished
from demo.ledger.evidence import Told
from demo.ledger.machines import replay


def told(*events: Event) -> list[Told]:
    """The events as they would stand on a topic, one after the other."""
    return [
        Told(
            topic=event.topic.name,
            partition=0,
            offset=offset,
            key=event.key(),
            envelope=Envelope(
                id=uuid4(),
                source="/ieum/placement",
                type=event.type,
                subject=event.key(),
                time=datetime(2025, 11, 12, tzinfo=UTC),
                dataschema=event.dataschema,
                sequence=offset + 1,
                generation=1,
                causationid=str(uuid4()),
                correlationid=str(uuid4()),
                actor="somebody-1",
                programmeyear=event.programme_year,
            ),
            data=event.model_dump(mode="json"),
        )
        for offset, event in enumerate(events)
    ]


def test_an_opening_may_be_filled_again_after_a_placement_ended() -> None:
    published, filled = example(OpeningPublished, opening="opn_1"), example(OpeningFilled, opening="opn_1")
    lives = replay(told(published, filled, filled))
    assert lives.illegal == []
    assert lives.states["opening"] == {("opn_1",): "filled"}


def test_an_opening_that_was_never_published_is_not_filled() -> None:
    [illegal] = replay(told(example(OpeningFilled, opening="opn_1"))).illegal
    assert "opening-filled in state ''" in illegal
