"""Who asks a service over HTTP, and what has to come back."""

from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass
class Caller:
    """Somebody signed in; each unsafe request has a key of its own unless one is given."""

    client: httpx2.AsyncClient
    token: str
    name: str
    party: str | None = None
    asked: int = 0

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        return await self.client.get(path, params=query, headers={"Authorization": f"Bearer {self.token}"})

    async def request(
        self, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> httpx2.Response:
        return await self.client.request(method, path, json=body, headers=self._headers(key))

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> httpx2.Response:
        return await self.request("POST", path, body, key=key)

    async def put(self, path: str, body: Any, *, key: str | None = None) -> httpx2.Response:
        return await self.request("PUT", path, body, key=key)

    async def delete(self, path: str) -> httpx2.Response:
        return await self.client.delete(path, headers=self._headers(None))

    async def upload(
        self,
        path: str,
        content: bytes,
        *,
        media_type: str = "application/pdf",
        method: str = "PUT",
        key: str | None = None,
    ) -> httpx2.Response:
        """A file as the body itself."""
        headers = self._headers(key) | {"Content-Type": media_type}
        return await self.client.request(method, path, content=content, headers=headers)

    async def ask(self, method: str, path: str) -> httpx2.Response:
        """By any method, with an empty body where it has one."""
        return await (self.get(path) if method == "GET" else self.request(method, path, {}))

    def _headers(self, key: str | None) -> dict[str, str]:
        self.asked += 1
        return {
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": key or f"{self.name}-{self.asked}",
        }


def done(answer: httpx2.Response, status: int = 200) -> Any:
    """The body of an answer that has to have this status."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    return answer.json()


def refused(answer: httpx2.Response, status: int, *expected: tuple[str | None, str]) -> None:
    """An answer has to be a problem that names exactly these fields and rules."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    named = {(error["field"], error["rule"]) for error in answer.json()["errors"]}
    assert named == set(expected), answer.json()["errors"]
