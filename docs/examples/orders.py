"""Orders, for callers with a token of the users service: FastAPI, PyJWT with its extra "crypto".

TOKEN_ISSUER=http://localhost:8000 uvicorn orders:app --port 8001
"""

import os
import time
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

ISSUER = os.environ["TOKEN_ISSUER"]
AUDIENCE = "orders"


class Keys(jwt.PyJWKClient):
    """Keeps keys for an hour, as their Cache-Control says, and fetches them once a minute at most: anybody can send a token
    with an unknown kid."""

    fetched_at = -60.0

    def fetch_data(self):
        if time.monotonic() - self.fetched_at < 60:
            raise jwt.PyJWKClientError("no key has this id")
        data = super().fetch_data()
        self.fetched_at = time.monotonic()
        return data


keys = Keys(f"{ISSUER}/.well-known/jwks.json", lifespan=3600)
bearer = HTTPBearer(auto_error=False)


def refused(status: int, challenge: str) -> HTTPException:
    return HTTPException(status, headers={"www-authenticate": challenge})


def caller(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> dict:
    """The claims of the token. Not async: fetching keys would hold up other requests."""
    if credentials is None:
        raise refused(401, "Bearer")
    token = credentials.credentials
    try:
        if jwt.get_unverified_header(token).get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        return jwt.decode(
            token,
            keys.get_signing_key_from_jwt(token),
            algorithms=["RS256"],  # Decided here, and not by the token.
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=60,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "scope"]},
        )
    except jwt.PyJWKClientConnectionError:
        raise HTTPException(503) from None
    except (jwt.InvalidTokenError, jwt.PyJWKClientError):
        raise refused(401, 'Bearer error="invalid_token"') from None


def requires(permission: str):
    """A dependency: the caller, who holds this permission."""

    def permitted(claims: Annotated[dict, Depends(caller)]) -> dict:
        if permission not in claims["scope"].split(" "):
            raise refused(403, f'Bearer error="insufficient_scope", scope="{permission}"')
        return claims

    return permitted


app = FastAPI()


@app.get("/orders")
def list_orders(claims: Annotated[dict, Depends(requires("orders:read"))]) -> dict:
    return {"user_id": claims["sub"], "orders": []}
