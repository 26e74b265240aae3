"""An API that asks for keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from jobs.config.settings import Settings
from jobs.database import api_keys
from jobs.database.api_keys import Scope
from jobs.database.session import Database
from tests.api_requests import ADMIN_KEY, bearer, dead_port


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        database_url=SecretStr(database_url),
        broker_url=SecretStr(f"redis://127.0.0.1:{dead_port()}/0"),
        admin_key=SecretStr(ADMIN_KEY),
        rate_burst=2000,  # these tests ask for every operation there is
    )


@pytest.fixture
def key_of(database: Database) -> Callable[..., dict[str, str]]:
    def make(name: str, scope: Scope = Scope.SUBMIT, **more: Any) -> dict[str, str]:
        return bearer(api_keys.create(database, name=name, scope=scope, **more).secret)

    return make
