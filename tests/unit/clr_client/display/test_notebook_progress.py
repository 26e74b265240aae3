from clr_client.display.notebook_progress import picture_of
from tests.unit.documents import job


def test_in_a_notebook_a_job_is_a_bar_with_numbers_and_no_markup_of_its_own() -> None:
    picture = picture_of(job(status="running", reason="<script>"))
    assert '<progress value="0.3500" max="1">' in picture
    assert "step 35/100" in picture
    assert "<script>" not in picture
    assert "<progress" not in picture_of(job(progress=None, latest=None))
