from tests.applications.town import Town
from tests.asking import done


async def test_a_year_a_call_a_draft_and_a_submission_that_others_are_told_of(town: Town) -> None:
    call = await town.open_call()
    [school] = await town.schools(1)
    applicant = await town.drafted(school, call)

    receipt = done(await applicant.submit(), 201)

    assert receipt["receipt"] == "2025-0001"
    [(kind, event)] = await town.told(key=applicant.id)
    assert kind == "application-submitted"
    assert event["receipt"] == "2025-0001"
    assert event["answers"] == {"planned_students": "45"}
