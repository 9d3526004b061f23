"""Verifies a token with PyJWT and with joserfc, and signs the same claims with each.

Reads {"jwks", "token", "issuer", "pkcs8"} from standard input, and prints {"claims": {…}, "tokens": {…}} with the name of
each library.
"""

import base64
import json
import sys

import jwt
from cryptography.hazmat.primitives.serialization import load_der_private_key
from joserfc import jwt as jose
from joserfc.jwk import KeySet, RSAKey

given = json.load(sys.stdin)
token, issuer = given["token"], given["issuer"]
der = base64.b64decode(given["pkcs8"])


def with_pyjwt():
    header = jwt.get_unverified_header(token)
    key = jwt.PyJWKSet.from_dict(given["jwks"])[header["kid"]]
    claims = jwt.decode(
        token, key, algorithms=["RS256"], issuer=issuer, audience=issuer, options={"require": ["exp", "iat", "sub"]}
    )
    assert header["typ"] == "at+jwt", header
    return claims, jwt.encode(claims, load_der_private_key(der, None), "RS256", headers=header)


def with_joserfc():
    read = jose.decode(token, KeySet.import_key_set(given["jwks"]), algorithms=["RS256"])
    essential = {"essential": True, "value": issuer}
    jose.JWTClaimsRegistry(iss=essential, aud=essential, exp={"essential": True}).validate(read.claims)
    assert read.header["typ"] == "at+jwt", read.header
    return read.claims, jose.encode(read.header, read.claims, RSAKey.import_key(load_der_private_key(der, None)))


answers = {"PyJWT": with_pyjwt(), "joserfc": with_joserfc()}
print(
    json.dumps(
        {
            "claims": {name: claims for name, (claims, _) in answers.items()},
            "tokens": {name: signed for name, (_, signed) in answers.items()},
        }
    )
)
