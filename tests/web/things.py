"""An API of one table with an issuer of its own, to try `web` on; as a program, a server to kill."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx2
import uvicorn
from fastapi import Depends, FastAPI, Form, Query, UploadFile
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from chassis import faults, outbox, transaction
from chassis.refusals import Conflict, Invalid, NotFound, Several
from chassis.settings import ServiceSettings
from chassis.transaction import Pool, open_pool
from contracts.applications import ApplicationWithdrawn
from contracts.examples import example
from embedded.databases import Database
from web import Principal, Read, Role, Router, Tx, api, require

ISSUER = "test-issuer"
AUDIENCE = "test-audience"
TABLES = """
create table thing (
  id bigint generated always as identity primary key, owner text not null, name text not null
);
create table pair (name text primary key, total integer not null);
insert into pair values ('left', 0), ('right', 0);
"""

router = Router(tags=["things"])
School = Annotated[Principal, Depends(require(Role.SCHOOL))]
Anyone = Annotated[Principal, Depends(require())]
Reader = Annotated[Principal, Depends(require(Role.SCHOOL, Role.OFFICER))]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size: int = Field(ge=1, examples=[3])


class NewThing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=50, examples=["spanner"])
    parts: list[Part] = []
    slow: float = 0.0


class Thing(BaseModel):
    id: int
    owner: str
    name: str


class Wanted(BaseModel):
    limit: int = 10


async def limited(limit: int = 10) -> str:
    return str(limit)


Limited = Annotated[str, Depends(limited)]


class Told(BaseModel):
    event: str


@router.post("/things", status_code=201)
async def make(body: NewThing, school: School, tx: Tx) -> Thing:
    row = await tx.fetchrow(
        "insert into thing (owner, name) values ($1, $2) returning *", school.party or "", body.name
    )
    await tx.execute("select pg_sleep($1)", body.slow)
    assert row is not None
    return Thing(**row)


@router.get("/things")
async def find(wanted: Annotated[Wanted, Query()], _: Reader) -> list[str]:
    return [str(wanted.limit)]


@router.get("/things-by-parameter")
async def find_by_parameter(limit: Limited, _: Reader) -> list[str]:
    return [limit]


@router.get("/things/{thing}")
async def show(thing: int, reader: Reader, read: Read) -> Thing:
    row = await read.fetchrow("select * from thing where id = $1", thing)
    absent = NotFound("thing_not_found", "There is no such thing: thing")
    if row is None:
        raise absent
    reader.must_be(row["owner"], Role.OFFICER, otherwise=absent)
    return Thing(**row)


@router.put("/things/{thing}")
async def rename(thing: int, body: NewThing, school: School, tx: Tx) -> Thing:
    owner = await tx.fetchval("select owner from thing where id = $1 for update", thing)
    school.must_be(owner)
    row = await tx.fetchrow("update thing set name = $2 where id = $1 returning *", thing, body.name)
    assert row is not None
    return Thing(**row)


@router.delete("/things/{thing}", status_code=204)
async def remove(thing: int, school: School, tx: Tx) -> None:
    await tx.execute("delete from thing where id = $1 and owner = $2", thing, school.party)


@router.post("/refused")
async def refused(body: NewThing, school: School, tx: Tx) -> Thing:
    await make(body, school, tx)
    if body.name == "returned":
        return JSONResponse({"refused": True}, 409)  # type: ignore[return-value]  # as a careless route would
    if body.name == "several":
        raise Several([Invalid("first_rule", "First: a", "a"), Invalid("second_rule", "Second: b", "b")])
    raise Conflict("thing_forbidden", "The thing is forbidden: name", "name")


@router.post("/broken")
async def broken(body: NewThing, school: School, tx: Tx) -> Thing:
    await make(body, school, tx)
    raise RuntimeError(f"secret {body.name}")


@router.post("/files", status_code=201)
async def receive(file: UploadFile, title: Annotated[str, Form()], school: School, tx: Tx) -> Thing:
    content = await file.read()
    return await make(NewThing(name=f"{title}:{file.filename}:{len(content)}"), school, tx)


@router.post("/small", max_body_size=100)
async def small(body: NewThing, school: School, tx: Tx) -> Thing:
    return await make(body, school, tx)


@dataclass
class Meeting:
    """Where two requests wait for each other, each with a lock that the other wants."""

    attempts: int = 0
    both: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(2))


meeting = Meeting()


@router.post("/pairs/{first}/{second}")
async def pair(first: str, second: str, school: School, tx: Tx) -> dict[str, str]:
    meeting.attempts += 1
    await tx.execute("update pair set total = total + 1 where name = $1", first)
    if meeting.attempts <= meeting.both.parties:
        await meeting.both.wait()
    await tx.execute("update pair set total = total + 1 where name = $1", second)
    return {"by": school.sub}


@router.post("/never-serializable", dependencies=[Depends(require(Role.SCHOOL))])
async def never(tx: Tx) -> None:
    meeting.attempts += 1
    await tx.execute("do $$ begin raise exception 'again' using errcode = 'serialization_failure'; end $$")


@router.post("/cut-off", dependencies=[Depends(require(Role.SCHOOL))])
async def cut_off(tx: Tx) -> None:
    """The server ends the connection, as in a restart."""
    await tx.execute("insert into thing (owner, name) values ('lost', 'lost')")
    await tx.execute("select pg_terminate_backend(pg_backend_pid())")


@router.post("/told", dependencies=[Depends(require(Role.SCHOOL))])
async def told(tx: Tx) -> Told:
    event = outbox.add(tx, example(ApplicationWithdrawn))
    return Told(event=str(event))


@router.post("/files-repeated", dependencies=[Depends(require(Role.SCHOOL))])
async def receive_again(file: UploadFile, tx: Tx) -> dict[str, Any]:
    meeting.attempts += 1
    content = (await file.read()).decode()
    if meeting.attempts < 3:
        await never(tx)
    return {"attempts": meeting.attempts, "content": content}


async def opened(tx: Tx) -> AsyncIterator[None]:
    yield
    await tx.execute("insert into thing (owner, name) values ('dependency', 'closed')")


@router.post("/opened", dependencies=[Depends(require(Role.SCHOOL)), Depends(opened)])
async def use() -> None: ...


@router.post(
    "/opened-by-function", dependencies=[Depends(require(Role.SCHOOL)), Depends(opened, scope="function")]
)
async def use_by_function() -> None: ...


@router.get("/state")
async def state(caller: Anyone, read: Read) -> dict[str, str]:
    writable = await read.fetchval("select current_setting('transaction_read_only')")
    return {"read_only": writable, "sub": caller.sub}


@dataclass
class Issuer:
    """Signs tokens, and publishes its keys in a file."""

    file: Path
    keys: list[Key] = field(default_factory=lambda: [new_key("first")])

    def publish(self) -> None:
        self.file.write_text(json.dumps(KeySet(self.keys).as_dict(private=False)))

    def token(self, *roles: str, party: str | None = "sch_1", **claims: Any) -> str:
        now = int(time.time())
        told = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "person-1",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
            "roles": list(roles or ("school",)),
            "party": party,
        } | claims
        return self.sign({name: value for name, value in told.items() if value is not None})

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        key = self.keys[-1]
        told = {"alg": "ES256", "kid": key.kid} | header
        return jwt.encode({k: v for k, v in told.items() if v is not None}, claims, key)


def new_key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


@dataclass
class Runtime:
    pool: Pool
    settings: ServiceSettings


@dataclass
class Things:
    """The API with its database, and clients to ask it."""

    app: FastAPI
    pool: Pool
    issuer: Issuer
    client: httpx2.AsyncClient
    database: Database
    used: int = 0

    def headers(self, *roles: str, key: str | None = None, **claims: Any) -> dict[str, str]:
        self.used += 1
        return {
            "Authorization": f"Bearer {self.issuer.token(*roles, **claims)}",
            "Idempotency-Key": key or f"key-{self.used}",
        }

    async def post(
        self, path: str, body: Any = None, *, key: str | None = None, **claims: Any
    ) -> httpx2.Response:
        return await self.client.post(path, json=body, headers=self.headers(key=key, **claims))

    async def names(self) -> list[str]:
        async with transaction.read(self.pool) as read:
            return [row["name"] for row in await read.fetch("select name from thing order by id")]


def build(pool: Pool, url: str, keys: Path) -> FastAPI:
    settings = ServiceSettings(
        database_url=url, identity_keys=keys, identity_issuer=ISSUER, identity_audience=AUDIENCE
    )
    return api(title="Things", routers=[router], max_body=20_000)(Runtime(pool, settings))


async def serve(url: str, keys: Path, port: int, crash_at: str | None) -> None:
    faults.arm(crash_at)
    pool = await open_pool(url)
    server = uvicorn.Server(uvicorn.Config(build(pool, url, keys), port=port, log_level="error"))
    await server.serve()
    await pool.close()


def main(arguments: Sequence[str]) -> None:
    url, keys, port, *crash_at = arguments
    asyncio.run(serve(url, Path(keys), int(port), crash_at[0] if crash_at else None))


if __name__ == "__main__":
    main(sys.argv[1:])
