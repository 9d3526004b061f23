"""Calls the service through a client that openapi-python-client has made: client.py URL LOGIN PASSWORD"""

import sys
from http import HTTPStatus

from users_service_client import AuthenticatedClient, Client
from users_service_client.api.sessions import sign_in, sign_out
from users_service_client.api.users import create_user, delete_user, get_user, list_users, update_user
from users_service_client.models import CreateUser, Problem, SignIn, Tokens, UpdateUser, User, UserList


def main(url: str, login: str, password: str) -> None:
    tokens = sign_in.sync(client=Client(base_url=url), body=SignIn(login=login, password=password))
    assert isinstance(tokens, Tokens), tokens
    client = AuthenticatedClient(base_url=url, token=tokens.access_token)

    user = create_user.sync(
        client=client, body=CreateUser(username="grace_py", email="grace.py@example.com", full_name="Grace Hopper")
    )
    assert isinstance(user, User), user
    assert get_user.sync(user.user_id, client=client) == user

    changed = update_user.sync(user.user_id, client=client, body=UpdateUser(full_name=None))
    assert isinstance(changed, User) and changed.full_name is None, changed

    listed = list_users.sync(client=client, username="grace_py")
    assert isinstance(listed, UserList) and [one.user_id for one in listed.users] == [user.user_id], listed

    taken = create_user.sync(client=client, body=CreateUser(username="grace_py", email="other@example.com"))
    assert isinstance(taken, Problem) and taken.code == "username_taken", taken
    invalid = create_user.sync(client=client, body=CreateUser(username="x", email="other@example.com"))
    assert isinstance(invalid, Problem) and invalid.errors, invalid
    assert [(error.field, error.code) for error in invalid.errors] == [("username", "too_short")], invalid

    removed = delete_user.sync_detailed(user.user_id, client=client)
    assert removed.status_code == HTTPStatus.NO_CONTENT, removed
    missing = get_user.sync(user.user_id, client=client)
    assert isinstance(missing, Problem) and missing.code == "user_not_found", missing

    signed_out = sign_out.sync_detailed(client=client)
    assert signed_out.status_code == HTTPStatus.NO_CONTENT, signed_out


if __name__ == "__main__":
    main(*sys.argv[1:])
