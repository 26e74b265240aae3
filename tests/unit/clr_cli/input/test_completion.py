import pytest
from typer.testing import CliRunner

from clr_cli.app import app
from clr_cli.input.completion import job_ids
from tests.unit.conftest import DROP, Answer, Server
from tests.unit.documents import job

runner = CliRunner()


def test_the_shell_completes_ids_of_jobs_and_keeps_quiet_without_a_server(server: Server) -> None:
    other = job(id="job_" + "1" * 32, kind="lr_find")
    server.answers = [Answer(200, {"data": [job(), other]})]
    assert job_ids("job_1") == [(other["id"], "lr_find running a name")]
    assert len(job_ids("")) == 2
    server.answers = [DROP]
    assert job_ids("") == []


@pytest.mark.parametrize(
    ("typed", "offered"), [("clr jobs --status s", "succeeded"), ("clr jobs --kind tr", "train"), ("clr lo", "logs")]
)
def test_bash_is_offered_words(typed: str, offered: str) -> None:
    words = {"_CLR_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    result = runner.invoke(app, [], prog_name="clr", env=words)
    assert offered in result.stdout.split()
