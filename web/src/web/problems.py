"""RFC 9457 problems: every refusal, from whatever layer, in one shape.

The value that somebody sent is never sent back or logged: it may be personal data.
"""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from chassis.refusals import Refusal, Several
from chassis.transaction import Unavailable
from web.identity import IdentityUnavailable, Unauthenticated

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = 2
"""Seconds after which a client may try again what failed for want of a database."""

_LONGEST_NAME: Final = 100


class FieldError(BaseModel):
    """One rule that one field breaks."""

    model_config = ConfigDict(frozen=True)

    field: str | None = Field(
        description=(
            "Dotted path in the body; other places by prefix: `query.`, `path.`, `header.`, and `token.` for "
            "what the bearer token says of its caller"
        ),
        examples=["answers.employment_rate"],
    )
    rule: str = Field(description="A stable code", examples=["missing"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(examples=["urn:ieum:problem:application_not_draft"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["The application is submitted, only a draft can be changed: state"])
    instance: str = Field(
        description="The trace of this request", examples=["urn:ieum:trace:4bf92f3577b34da6a3ce929d0e0e4736"]
    )
    errors: list[FieldError] = Field(
        default=[],
        examples=[
            [
                {
                    "field": "state",
                    "rule": "application_not_draft",
                    "message": "Only a draft can be changed: state",
                }
            ]
        ],
    )


def answer(
    status: int,
    rule: str,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: dict[str, str] | None = None,
) -> Response:
    """The response that tells a problem."""
    problem = Problem(
        type=f"urn:ieum:problem:{rule}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=_instance(),
        errors=list(errors),
    )
    return Response(problem.model_dump_json(), int(status), headers, media_type=MEDIA_TYPE)


def _instance() -> str:
    context = trace.get_current_span().get_span_context()
    return f"urn:ieum:trace:{context.trace_id:032x}"


def refused(refusal: Refusal) -> Response:
    """A rule's no, with its status; `Several` tells each field."""
    told = refusal.refusals if isinstance(refusal, Several) else [refusal]
    errors = [FieldError(field=each.field, rule=each.rule, message=each.detail) for each in told]
    headers = _challenge(refusal) if isinstance(refusal, Unauthenticated) else None
    return answer(refusal.status, refusal.rule, refusal.detail, errors=errors, headers=headers)


def _challenge(refusal: Unauthenticated) -> dict[str, str]:
    if refusal.rule == "token_missing":
        return {"WWW-Authenticate": 'Bearer realm="ieum"'}
    return {
        "WWW-Authenticate": f'Bearer realm="ieum", error="invalid_token", error_description="{refusal.rule}"'
    }


def unavailable() -> Response:
    """The database or the issuer's keys cannot be reached; the same request may be sent again."""
    return answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        "The service cannot do this now; send the same request with the same Idempotency-Key again",
        headers={"Retry-After": str(RETRY_AFTER)},
    )


def unexpected() -> Response:
    """A fault of the program; what it was stands in the log, under the trace."""
    return answer(
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "The service failed; the log says why, under the trace"
    )


def too_large() -> Response:
    """A body beyond the limit."""
    return http_error(HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))


def invalid(error: RequestValidationError) -> Response:
    """What the request's shape breaks, field by field; a body that is no JSON is 400."""
    errors = [_field_error(each) for each in error.errors()]
    if any(each.rule == "json_invalid" for each in errors):
        return answer(HTTPStatus.BAD_REQUEST, "json_invalid", "The body is not JSON", errors=errors)
    named = ", ".join(sorted({f"{each.field} ({each.rule})" for each in errors}))
    return answer(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", f"The request breaks rules: {named}", errors=errors
    )


def _field_error(error: dict[str, Any]) -> FieldError:
    rule = str(error["type"])
    location = error["loc"] if rule != "json_invalid" else ()
    return FieldError(field=_dotted(location), rule=rule, message=_discreet(error, rule))


def _dotted(location: Sequence[str | int]) -> str | None:
    place, *path = location or ("body",)
    parts = path if place == "body" else [place, *path]
    return ".".join(str(part)[:_LONGEST_NAME] for part in parts) or None


def _discreet(error: dict[str, Any], rule: str) -> str:
    message = str(error["msg"])
    given = error.get("input")
    # Some of pydantic's messages, and those of validators of our own, repeat what was sent.
    if isinstance(given, dict | list) and rule in {"value_error", "assertion_error", "union_tag_invalid"}:
        leaves = _leaves(given)
    else:
        leaves = [given]
    for leaf in leaves:
        if leaf is not None and re.search(rf"(?<!\w){re.escape(str(leaf))}(?!\w)", message):
            return f"The value breaks the rule {rule}"
    return message


def _leaves(value: Any) -> list[Any]:
    match value:
        case dict():
            return [leaf for each in value.values() for leaf in _leaves(each)]
        case list():
            return [leaf for each in value for leaf in _leaves(each)]
        case _:
            return [value] if value not in ("", None) else []


_RULES: Final = {
    HTTPStatus.BAD_REQUEST: ("body_unreadable", "The body cannot be read as its Content-Type says"),
    HTTPStatus.NOT_FOUND: ("no_such_address", "There is nothing at this address"),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "This address does not know that method; see Allow",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("body_too_large", "The body is larger than this address takes"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("media_type", "This address does not take that Content-Type"),
}


def http_error(error: HTTPException) -> Response:
    """What the framework itself refuses."""
    status = HTTPStatus(error.status_code)
    rule, detail = _RULES.get(status, (status.name.lower(), status.phrase))
    return answer(status, rule, detail, headers=dict(error.headers or {}))


def install(app: FastAPI) -> None:
    """Let `app` answer every refusal with a problem."""
    for kind in (Refusal, RequestValidationError, HTTPException, Unavailable, IdentityUnavailable):
        app.add_exception_handler(kind, _handle)


async def _handle(_: Request, error: Exception) -> Response:
    match error:
        case Refusal():
            return refused(error)
        case RequestValidationError():
            return invalid(error)
        case HTTPException():
            return http_error(error)
        case Unavailable() | IdentityUnavailable():
            return unavailable()
        case _:
            raise error
