"""An issuer of bearer tokens for tests."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

ISSUER = "ieum-development"
AUDIENCE = "ieum"


@dataclass
class Issuer:
    file: Path
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "test", "use": "sig"}))

    def __post_init__(self) -> None:
        self.file.write_text(json.dumps(KeySet([self.key]).as_dict(private=False)))

    def token(self, *roles: str, sub: str, party: str | None = None) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": sub,
            "iat": now,
            "exp": now + 3600,
            "roles": list(roles),
        }
        if party is not None:
            claims["party"] = party
        return jwt.encode({"alg": "ES256", "kid": "test"}, claims, self.key)
