"""What a route asks of its caller: a bearer token (RFC 6750) that holds, and one of some roles."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from chassis.refusals import NotAllowed
from web.identity.principal import Principal, Role, Unauthenticated
from web.identity.tokens import Verifier

_SCHEME = HTTPBearer(
    bearerFormat="JWT",
    scheme_name="bearer",
    description="A token of the issuer: `sub` the person (a pseudonym), `roles`, `party` where it has one.",
    auto_error=False,
)


def authenticate(request: Request) -> Principal:
    """The caller of a request; the token is verified once, whoever asks first.

    Raises:
        Unauthenticated: no token, or one that does not hold.
        IdentityUnavailable: no keys to check it with.
    """
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    given = request.headers.getlist("authorization")
    if not given:
        raise Unauthenticated("token_missing", "The header Authorization must carry a bearer token")
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("token_malformed", "The header Authorization must be one bearer token")
    verifier: Verifier = request.app.state.verifier
    principal = verifier.verify(token.strip())
    request.state.principal = principal
    return principal


@dataclass(frozen=True, slots=True)
class Requirement:
    """A dependency that gives the caller, who must have one of `roles` (any caller where there are none)."""

    roles: frozenset[Role]

    def check(self, principal: Principal) -> None:
        """Refuse a caller without any of the roles.

        Raises:
            NotAllowed: rule `role_missing`.
        """
        if self.roles and not self.roles & principal.roles:
            names = ", ".join(sorted(self.roles))
            raise NotAllowed("role_missing", f"The token's roles must have one of: {names}", "token.roles")

    async def __call__(
        self,
        request: Request,
        _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)],
    ) -> Principal:
        principal = authenticate(request)
        self.check(principal)
        return principal


def require(*roles: Role) -> Requirement:
    """Use as `Annotated[Principal, Depends(require(Role.SCHOOL, Role.OFFICER))]`: one of them is enough.

    Without roles every verified caller passes.
    """
    return Requirement(frozenset(roles))
