from jobs.database.ids import new_job_id
from jobs.database.queries import JOB_ID


def test_ids_are_uuids_of_version_7_that_sort_in_the_order_in_which_they_were_made() -> None:
    ids = [new_job_id() for _ in range(200)]
    assert ids == sorted(ids)
    assert all(JOB_ID.fullmatch(each) for each in ids)
    assert {(each[16], each[20] in "89ab") for each in ids} == {("7", True)}
