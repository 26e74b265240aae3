from clr_client import Client
from tests.unit.conftest import Answer, Server
from tests.unit.documents import JOB_ID, job


def test_the_picture_of_a_job_is_a_figure_of_plotly(server: Server) -> None:
    picture = {"data": [{"type": "scatter", "y": [1, 2]}], "layout": {"title": {"text": "A picture"}}}
    server.answers = [Answer(200, job()), Answer(200, picture)]
    with Client(server.url) as client:
        figure = client.job(JOB_ID).plot(theme="dark", width=800)
    assert figure.layout.title.text == "A picture"
    assert server.requests[1].path == f"/v1/jobs/{JOB_ID}/plot.json?theme=dark&width=800"
