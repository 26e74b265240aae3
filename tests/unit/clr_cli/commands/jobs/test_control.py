from typer.testing import CliRunner

from clr_cli.app import app
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, job

runner = CliRunner()


def test_cancel_says_where_the_job_stands(server: Server) -> None:
    server.answers = [Answer(202, job(status="cancelling"))]
    assert runner.invoke(app, ["cancel", JOB_ID]).stdout == f"{JOB_ID} cancelling\n"
    assert server.requests[0].path == f"/v1/jobs/{JOB_ID}/cancel"
