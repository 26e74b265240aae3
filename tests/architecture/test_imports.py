"""What a process loads when it starts, seen in fresh interpreters."""

import subprocess
import sys

import pytest

LOADED = "import sys; print(*sorted(name for name in sys.modules if '.' not in name))"


def loaded_by(statement: str) -> set[str]:
    command = [sys.executable, "-c", f"{statement}; {LOADED}"]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize(
    "module",
    ["api.app", "jobs.submission.submit", "jobs.lifecycle.claims", "worker.app", "migrations.run", "clr_cli.app",
     "local_stack.stack", "clr_core.schedules", "clr_core.bounds", "clr_core.range_test"],
)  # fmt: skip
def test_torch_is_not_loaded(module: str) -> None:
    assert not {"torch", "torchvision", "sklearn"} & loaded_by(f"import {module}")


@pytest.mark.parametrize("module", ["worker.train.agent", "worker.train.rank"])
def test_ranks_load_neither_database_nor_queue(module: str) -> None:
    assert not {"celery", "kombu", "redis", "sqlalchemy", "alembic", "fastapi", "httpx2"} & loaded_by(
        f"import {module}"
    )


def test_the_agent_has_all_that_a_rank_needs_loaded_beforehand() -> None:
    loaded = loaded_by("import worker.train.agent")
    assert {"torch", "numpy"} <= loaded
    assert not {"sklearn", "scipy", "pandas"} & loaded  # a third of the start, for one small file


def test_the_command_line_loads_no_part_of_the_service() -> None:
    assert not {"fastapi", "celery", "sqlalchemy", "matplotlib"} & loaded_by("import clr_cli.app")


def test_the_api_loads_what_draws_with_the_first_picture_only() -> None:
    assert not {"matplotlib", "PIL", "plotly"} & loaded_by("import api.app")


def test_the_schedules_load_nothing_heavy() -> None:
    assert not {"torch", "scipy", "matplotlib", "pydantic"} & loaded_by("import clr_core.schedules")
