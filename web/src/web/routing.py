"""Routes whose edge owns the transaction.

An unsafe request (POST, PUT, PATCH, DELETE) is verified, read whole, and done in one transaction together
with its idempotency record; the answer is sent after the commit. PostgreSQL's deadlocks and serialization
failures repeat the whole of it with the same body. A GET sees one state of the database through `Read`.

A query parameter that a route does not declare is refused, as a body's field too many is: a filter that is
misspelt would otherwise answer everything.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from enum import Enum
from http import HTTPStatus
from inspect import isasyncgenfunction, iscoroutinefunction, isfunction
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Message

from chassis import transaction
from chassis.transaction import Command, Pool, ReadTransaction, Transaction
from web import idempotency
from web.identity import Principal, Requirement, authenticate

UNSAFE: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_TRANSACTION: Final = "ieum.transaction"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


async def _transaction(request: Request) -> Transaction:
    tx: Transaction | None = request.scope.get(_TRANSACTION)
    if tx is None:
        raise RuntimeError("Tx is for the unsafe routes of web.Router; others take Read")
    return tx


async def _read(request: Request) -> AsyncIterator[ReadTransaction]:
    async with transaction.read(_pool(request)) as tx:
        yield tx


Tx = Annotated[Transaction, Depends(_transaction)]
"""The transaction of the request; the edge commits it."""

Read = Annotated[ReadTransaction, Depends(_read, scope="function")]
"""A read-only transaction, over before the answer is sent."""


class _Refused(Exception):  # noqa: N818 - carries an answer out of a transaction that is to leave nothing
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class _Route(APIRoute):
    """An APIRoute that takes no other query than it declares.

    Its unsafe methods run in one transaction with their idempotency record.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if UNSAFE.intersection(options.get("methods") or ()):
            options["openapi_extra"] = _with_key(options.get("openapi_extra"))
        super().__init__(path, endpoint, **options)
        if not requirements_of(self.dependant):
            raise TypeError(
                f"{path}: a route must say who may call it, by a parameter or dependency of require(…)"
            )
        if plain := [name for name, call in _calls_of(self.dependant) if not _is_async(call)]:
            raise TypeError(f"{path}: {', '.join(plain)} must be async, or each call would go to a thread")

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        methods = self.methods or set()
        if methods & UNSAFE and methods - UNSAFE:
            raise TypeError(f"{self.path}: a route is either safe or unsafe, not both")
        requirements = requirements_of(self.dependant)
        declared = frozenset(_queried(self.dependant))

        def admitted(request: Request) -> Principal:
            principal = authenticate(request)
            for requirement in requirements:
                requirement.check(principal)
            _refuse_undeclared(request, declared)
            return principal

        async def query(request: Request) -> Response:
            admitted(request)
            return await handle(request)

        async def command(request: Request) -> Response:
            principal = admitted(request)
            key = idempotency.key_of(request)
            body = await request.body()
            claim = idempotency.Claim(
                actor=principal.sub,
                operation=f"{request.method} {self.path_format}",
                key=key,
                request=idempotency.fingerprint(request, body, principal.party),
            )
            return await _once(handle, request, principal, claim, body)

        return command if methods & UNSAFE else query


async def _once(
    handle: Handler, request: Request, principal: Principal, claim: idempotency.Claim, body: bytes
) -> Response:
    cause = Command(actor=principal.sub, correlation=getattr(request.state, "correlation", None))

    async def attempt() -> Response:
        async with transaction.begin(_pool(request), cause) as tx:
            answered = await idempotency.claim(tx, claim)
            if answered is not None:
                return answered.replay()
            response = await _handled(handle, request, body, tx)
            await idempotency.keep(tx, claim, idempotency.Answer.of(response))
            return response

    try:
        return await transaction.repeated(attempt)
    except _Refused as refused:
        return refused.response


async def _handled(handle: Handler, request: Request, body: bytes, tx: Transaction) -> Response:
    """The route's own answer, from a request that can be read anew, with dependencies closed again."""
    async with AsyncExitStack() as outlasting, AsyncExitStack() as own:
        scope = {
            **request.scope,
            _TRANSACTION: tx,
            "fastapi_inner_astack": outlasting,
            "fastapi_function_astack": own,
        }
        response = await handle(Request(scope, _again(body, request)))
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise _Refused(response)
    if not isinstance(getattr(response, "body", None), bytes | memoryview):
        raise TypeError("an unsafe route answers with a whole body, not with a stream")
    return response


def _again(body: bytes, request: Request) -> Callable[[], Coroutine[Any, Any, Message]]:
    unread = [body]

    async def receive() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        return await request.receive()

    return receive


def _pool(request: Request) -> Pool:
    pool: Pool = request.app.state.runtime.pool
    return pool


def requirements_of(dependant: Dependant) -> list[Requirement]:
    """Every `require(…)` among a route's dependencies, however deep."""
    own = [dependant.call] if isinstance(dependant.call, Requirement) else []
    return own + [found for each in dependant.dependencies for found in requirements_of(each)]


def _queried(dependant: Dependant) -> Iterator[str]:
    """Names of the query parameters that a route and its dependencies declare, those of models included."""
    for parameter in dependant.query_params:
        model = parameter.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (field.alias or name for name, field in model.model_fields.items())
        else:
            yield parameter.alias
    for each in dependant.dependencies:
        yield from _queried(each)


def _refuse_undeclared(request: Request, declared: frozenset[str]) -> None:
    undeclared = [name for name in request.query_params if name not in declared]
    if undeclared:
        raise RequestValidationError(
            [
                {"type": "extra_forbidden", "loc": ("query", name), "msg": "Extra inputs are not permitted"}
                for name in undeclared
            ]
        )


def _calls_of(dependant: Dependant) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The route's function and everything it depends on, however deep, with names to tell them apart."""
    if dependant.call is not None:
        yield getattr(dependant.call, "__name__", type(dependant.call).__name__), dependant.call
    for each in dependant.dependencies:
        yield from _calls_of(each)


def _is_async(call: Callable[..., Any]) -> bool:
    function = call if isfunction(call) else type(call).__call__
    return iscoroutinefunction(function) or isasyncgenfunction(function)


def _with_key(extra: dict[str, Any] | None) -> dict[str, Any]:
    parameter = {
        "name": idempotency.HEADER,
        "in": "header",
        "required": True,
        "description": "Names this request: sent again with the same key it gets the same answer, once done.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        "example": "0b6f3c1e-8a55-4f0e-9a6d-6a2f6c0f3b11",
    }
    known = extra or {}
    return {**known, "parameters": [*known.get("parameters", []), parameter]}


class Router(APIRouter):
    """An APIRouter for use cases; each of its routes names who may call it by `require`."""

    def __init__(self, *, prefix: str = "", tags: list[str | Enum] | None = None) -> None:
        super().__init__(prefix=prefix, tags=tags, route_class=_Route)
