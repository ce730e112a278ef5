"""What a rule answers when it says no.

Standard library only, so that every `domain` may raise these; `web` turns them into RFC 9457 problems
and the inbox into a reason for parking.
"""

from typing import ClassVar


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """A request that a rule does not allow; nothing was changed.

    `rule` is a stable snake_case code, `detail` one English sentence that names field and rule, `field`
    the field it is about (dotted path) where there is one.
    """

    status: ClassVar[int] = 400

    def __init__(self, rule: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.rule = rule
        self.detail = detail
        self.field = field


class NotAllowed(Refusal):
    """The caller may not do this."""

    status = 403


class NotFound(Refusal):
    """There is no such thing, or none that the caller may know of."""

    status = 404


class Conflict(Refusal):
    """The state of things forbids it: an illegal transition, a second one, too late."""

    status = 409


class Invalid(Refusal):
    """The request contradicts a rule that can be told from the request alone."""

    status = 422


class Several(Invalid):
    """Several fields break rules at once; `refusals` holds one for each."""

    def __init__(self, refusals: list[Refusal]) -> None:
        first = refusals[0]
        super().__init__(first.rule, first.detail, first.field)
        self.refusals = refusals


def rule_of(error: Exception) -> str:
    """A word for what went wrong that holds nothing of anybody's data."""
    return error.rule if isinstance(error, Refusal) else type(error).__name__
