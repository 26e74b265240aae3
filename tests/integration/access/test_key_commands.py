"""``python -m api`` and ``python -m api keys``, called as the program calls them."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from api.__main__ import main
from jobs.config.settings import Settings
from jobs.database.session import Database
from migrations.run import upgrade

CHECK = ["--host", "0.0.0.0", "--check"]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CLR_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("CLR_DATABASE_URL", raising=False)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    main(["keys", *arguments])
    return json.loads(capsys.readouterr().out)


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stopped:
        main(CHECK)
    assert stopped.value.code == 2
    return capsys.readouterr().err


def test_the_first_key_is_made_on_the_server_and_opens_it_to_other_machines(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "python -m api keys create" in refusal(capsys)
    with pytest.raises(SystemExit, match="clr migrate"):
        main(["keys", "list"])
    database = Database(Settings().sql_url)
    upgrade(database)
    database.close()
    refusal(capsys)
    made = printed(capsys, "create", "--name", "root", "--scope", "admin", "--days", "7")
    assert made["key"].startswith("clr_")
    assert (data_dir / "clr.sqlite3").exists()
    main(CHECK)
    (listed,) = printed(capsys, "list")
    assert "key" not in listed
    assert printed(capsys, "revoke", made["id"])["revoked_at"]
    refusal(capsys)
    with pytest.raises(SystemExit, match="there is no key"):
        main(["keys", "revoke", "key_nothing"])


def test_a_key_in_the_environment_is_long_or_refused_without_being_shown(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del data_dir
    monkeypatch.setenv("CLR_ADMIN_KEY", "x" * 32)
    main(CHECK)
    monkeypatch.setenv("CLR_ADMIN_KEY", "hunter2")
    with pytest.raises(ValidationError) as refused:
        main(CHECK)
    assert "hunter2" not in str(refused.value)
