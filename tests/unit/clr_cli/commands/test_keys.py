"""``clr keys``."""

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from clr_client.transport import credentials
from tests.unit.conftest import Answer, Server

KEY = {
    "object": "key", "id": "key_0123456789abcdef", "name": "ada", "owner": "ada", "scope": "submit",
    "created_at": "2026-01-02T03:04:05.5Z", "expires_at": None, "revoked_at": None, "last_used_at": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("CLR_API_KEY", raising=False)
    yield
    credentials.use(None)


def test_the_key_of_the_command_line_goes_along_with_every_command(server: Server) -> None:
    server.answers = [Answer(200, {"data": [KEY]})]
    result = CliRunner().invoke(app, ["--api-key", "clr_typed", "keys", "list", "--url", server.url])
    assert result.exit_code == 0, result.output
    assert server.requests[0].headers["authorization"] == "Bearer clr_typed"
    assert "key_0123456789abcdef  ada" in result.output
    assert "2026-01-02 03:04:05" in result.output


def test_a_new_key_is_printed_alone_so_that_a_script_can_take_it(server: Server) -> None:
    server.answers = [Answer(201, KEY | {"key": "clr_new"})]
    command = ["keys", "create", "--name", "ada", "--scope", "read", "--days", "2", "--url", server.url]
    result = CliRunner().invoke(app, command)
    assert result.stdout == "clr_new\n"
    assert "not shown again" in result.stderr
    assert json.loads(server.requests[0].body) == {
        "name": "ada", "scope": "read", "owner": None, "expires_in_s": 172_800.0,
    }  # fmt: skip


def test_revoke_names_the_owner(server: Server) -> None:
    server.answers = [Answer(200, KEY)]
    result = CliRunner().invoke(app, ["keys", "revoke", "key_0123456789abcdef", "--url", server.url])
    assert result.stdout == "key_0123456789abcdef of ada is revoked.\n"
    assert server.requests[0].method == "DELETE"
