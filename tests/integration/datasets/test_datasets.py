"""Uploads over a real database: what is taken, what is refused, and that a refused upload leaves nothing."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from jobs.config.settings import Settings
from jobs.database.session import Database
from jobs.datasets.cache import uploaded_in
from jobs.files.artifacts import ArtifactStore
from jobs.lifecycle import claims, finish
from jobs.spec.conditions import UploadedDataset, UploadedOptions
from tests.api_requests import assert_problem, dead_port
from tests.archives import FEATURES, LABELS, LEGAL, REFUSED, class_folders, files_in, npz, picture, tarred, zipped
from tests.builders import conditions, lr_find, one_cycle, sweep, train
from worker.attempt import dataset_cache

LIMITS = {
    "max_upload_bytes": 1_200_000,
    "max_upload_entries": 1000,
    "max_unpacked_bytes": 30_000_000,
    "max_upload_ratio": 200,
}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    broker = SecretStr(f"redis://127.0.0.1:{dead_port()}/0")
    url = SecretStr(database_url)
    settings = Settings(data_dir=tmp_path / "data", database_url=url, broker_url=broker, max_body_bytes=9_000)
    return settings.model_copy(update=LIMITS)


def upload(client: TestClient, content: bytes = LEGAL, **params: str) -> Any:
    response = client.post("/v1/datasets", content=content, params=params)
    assert response.status_code == 201, response.text
    return response.json()


def uploaded(dataset: Any, **options: Any) -> dict[str, Any]:
    return conditions(
        dataset={"name": "uploaded", "options": {"id": dataset["id"], **options}}, global_batch_size=16, world_size=1
    )


def assert_nothing_is_left(client: TestClient, settings: Settings) -> None:
    assert files_in(settings.artifacts_dir, settings.uploads_dir) == []
    assert all(one["source"] == "builtin" for one in client.get("/v1/datasets").json()["data"])


def test_an_upload_is_stored_and_told_with_its_facts(client: TestClient, settings: Settings) -> None:
    response = client.post("/v1/datasets", content=LEGAL, params={"name": "three kinds"})
    assert response.status_code == 201
    document = response.json()
    assert response.headers["location"] == f"/v1/datasets/{document['id']}"
    assert document["name"] == "three kinds"
    assert (document["format"], document["task"], document["classes"]) == ("npz", "classification", 3)
    assert (document["samples"], document["shape"]) == (60, [5])
    assert document["size_bytes"] == len(LEGAL) > settings.max_body_bytes / 9
    assert document["sha256"] == hashlib.sha256(LEGAL).hexdigest()
    assert document["use"] == {"name": "uploaded", "options": {"id": document["id"]}}
    (stored,) = files_in(settings.artifacts_dir, settings.uploads_dir)
    assert stored.read_bytes() == LEGAL
    assert client.get(response.headers["location"]).json() == document
    assert client.get("/v1/datasets").json()["data"][-1] == document


def test_an_upload_may_be_larger_than_other_bodies(client: TestClient, settings: Settings) -> None:
    archive = zipped([*class_folders(), ("cat/large.png", picture(80, 80))])
    assert len(archive) > settings.max_body_bytes
    assert upload(client, archive)["class_names"] == ["cat", "dog"]


def test_datasets_known_by_name_are_listed_with_their_facts(client: TestClient) -> None:
    document = client.get("/v1/datasets").json()
    assert document["upload_limit_bytes"] == LIMITS["max_upload_bytes"]
    known = {one["id"]: one for one in document["data"]}
    assert set(known) == {"digits", "cifar10", "mnist", "fashion_mnist"}
    assert (known["digits"]["samples"], known["digits"]["shape"], known["digits"]["classes"]) == (1797, [1, 8, 8], 10)
    assert client.get("/v1/datasets/digits").json() == known["digits"]
    assert (
        client.post("/v1/jobs", json=lr_find(conditions=conditions(dataset=known["digits"]["use"]))).status_code == 202
    )


def test_every_refused_file_is_a_problem_and_leaves_nothing(client: TestClient, settings: Settings) -> None:
    before = set(Path(tempfile.gettempdir()).iterdir())
    for name, (content, rule, message) in REFUSED.items():
        response = client.post("/v1/datasets", content=content)
        document = assert_problem(response, 422, "invalid_dataset")
        assert document["errors"][0]["code"] == rule, name
        assert message in document["detail"]
    assert_nothing_is_left(client, settings)
    mine = [path for path in set(Path(tempfile.gettempdir()).iterdir()) - before if path.name.startswith("tmp")]
    assert mine == []


def test_a_file_that_is_too_large_is_refused_declared_or_not(client: TestClient, settings: Settings) -> None:
    content = bytes(LIMITS["max_upload_bytes"] + 1)
    assert_problem(client.post("/v1/datasets", content=content), 413, "body_too_large")
    in_parts = (content[start : start + 100_000] for start in range(0, len(content), 100_000))
    assert_problem(client.post("/v1/datasets", content=in_parts), 413, "body_too_large")
    assert_nothing_is_left(client, settings)


def test_a_form_is_refused_with_the_command_that_works(client: TestClient, settings: Settings) -> None:
    document = assert_problem(
        client.post("/v1/datasets", files={"file": LEGAL}), 415, "unsupported_media_type"
    )  # fmt: skip
    assert "curl -T" in document["detail"]
    assert_nothing_is_left(client, settings)


def test_a_name_with_control_characters_is_refused(client: TestClient) -> None:
    assert_problem(client.post("/v1/datasets", content=LEGAL, params={"name": "a\x00b"}), 422, "invalid_request")


def test_a_store_that_cannot_be_written_is_said_and_leaves_no_row(client: TestClient, settings: Settings) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    settings.artifacts_dir.write_text("in the way")
    assert_problem(client.post("/v1/datasets", content=LEGAL), 507, "storage_unavailable")
    settings.artifacts_dir.unlink()
    assert_nothing_is_left(client, settings)


def test_a_row_that_cannot_be_written_leaves_no_file(
    client: TestClient, settings: Settings, database: Database
) -> None:
    kept = upload(client)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE UNIQUE INDEX one_of_a_format ON datasets (format)"))
    assert client.post("/v1/datasets", content=LEGAL).status_code == 500
    assert [path.name for path in files_in(settings.artifacts_dir, settings.uploads_dir)] == [kept["id"]]


def test_the_content_enters_the_conditions_and_the_fingerprint(client: TestClient) -> None:
    one, other = upload(client), upload(client, npz(x=FEATURES + 1, y=LABELS))
    jobs = [client.post("/v1/jobs", json=lr_find(conditions=uploaded(dataset))).json() for dataset in (one, other)]
    for job, dataset in zip(jobs, (one, other), strict=True):
        assert job["spec"]["conditions"]["dataset"]["options"]["sha256"] == dataset["sha256"]
    assert jobs[0]["fingerprint"] != jobs[1]["fingerprint"]
    # Bounds of one content are not taken for the other, and conditions need not repeat the SHA-256.
    schedule = one_cycle({"from_job": jobs[0]["id"]})
    assert client.post("/v1/jobs", json=train(conditions=uploaded(one), schedule=schedule)).status_code == 202
    refused = client.post("/v1/jobs", json=train(conditions=uploaded(other), schedule=schedule))
    document = assert_problem(refused, 409, "conditions_differ")
    assert "/conditions/dataset/options/sha256" in {error["pointer"] for error in document["errors"]}


@pytest.mark.parametrize("schedule", [one_cycle(0.1), one_cycle("auto")])
def test_an_auto_training_and_its_range_test_have_the_same_content(client: TestClient, schedule: Any) -> None:
    dataset = upload(client)
    job = client.post("/v1/jobs", json=train(conditions=uploaded(dataset), schedule=schedule)).json()
    for one in [job, *(client.get(f"/v1/jobs/{child}").json() for child in job["children"])]:
        assert one["spec"]["conditions"]["dataset"]["options"]["sha256"] == dataset["sha256"]
        assert one["fingerprint"] == job["fingerprint"]


def test_every_cell_of_a_sweep_has_the_same_content(client: TestClient) -> None:
    dataset = upload(client)
    asked = sweep(conditions=uploaded(dataset), over={"global_batch_size": [8, 16]})
    job = client.post("/v1/jobs", json=asked).json()
    cells = [client.get(f"/v1/jobs/{child}").json() for child in job["children"]]
    assert [cell["spec"]["conditions"]["dataset"]["options"]["sha256"] for cell in cells] == [dataset["sha256"]] * 2
    too_large = sweep(conditions=uploaded(dataset), over={"global_batch_size": [8, 64]})
    assert_problem(client.post("/v1/jobs", json=too_large), 422, "unusable_dataset")


def test_conditions_that_do_not_go_with_a_dataset_are_refused_at_the_field(client: TestClient) -> None:
    table = upload(client)
    numbers = upload(client, npz(x=FEATURES, y=FEATURES[:, 0]))
    pictures = upload(client, tarred([*class_folders(), ("cat/large.png", picture(30, 20))]))
    assert pictures["use"]["options"]["image_size"] == 64
    options = "/conditions/dataset/options"
    wrong = [
        (uploaded({"id": f"ds_{'0' * 32}"}), f"{options}/id", "unknown_dataset"),
        (uploaded(table, sha256="0" * 64), f"{options}/sha256", "content_differs"),
        (uploaded(table, image_size=8), f"{options}/image_size", "no_image_files"),
        (uploaded(pictures) | {"global_batch_size": 4}, f"{options}/image_size", "missing"),
        (uploaded(table) | {"global_batch_size": 49}, "/conditions/global_batch_size", "batch_larger_than_dataset"),
        (uploaded(numbers) | {"label_smoothing": 0.1}, "/conditions/label_smoothing", "no_labels"),
    ]
    for asked, pointer, code in wrong:
        document = assert_problem(client.post("/v1/jobs", json=lr_find(conditions=asked)), 422, "unusable_dataset")
        assert (document["errors"][0]["pointer"], document["errors"][0]["code"]) == (pointer, code)
    assert client.get("/v1/jobs").json()["data"] == []
    assert client.post("/v1/jobs", json=lr_find(conditions=uploaded({"id": "birds"}))).status_code == 422


def test_images_that_come_to_too_many_pixels_are_refused_with_the_largest_size(client: TestClient) -> None:
    tiny = [(f"{kind}/{number}.png", picture(1, 1)) for kind in ("cat", "dog") for number in range(40)]
    dataset = upload(client, zipped(tiny))
    assert dataset["size_bytes"] < 40_000
    spec = lr_find(conditions=uploaded(dataset, image_size=1024))
    for path in ("/v1/jobs", "/v1/jobs:validate"):
        document = assert_problem(client.post(path, json=spec), 422, "unusable_dataset")
        (error,) = document["errors"]
        assert (error["pointer"], error["code"]) == ("/conditions/dataset/options/image_size", "too_large_unpacked")
        assert "must be 4 to 204, got 1024: 80 images of 1024 x 1024 pixels in 3 channels" in error["detail"]
    assert client.post("/v1/jobs", json=lr_find(conditions=uploaded(dataset, image_size=204))).status_code == 202


def test_a_worker_forgets_what_was_made_of_a_dataset_that_is_gone(
    client: TestClient, settings: Settings, database: Database
) -> None:
    kept, gone = upload(client), upload(client, npz(x=FEATURES + 1, y=LABELS))
    uploaded_dir = uploaded_in(settings.datasets_dir)
    for dataset in (kept, gone):
        with dataset_cache.in_use(
            UploadedDataset(name="uploaded", options=UploadedOptions(id=dataset["id"], sha256=dataset["sha256"])),
            ArtifactStore(settings.artifacts_dir), settings,
        ):  # fmt: skip
            pass
    assert client.delete(f"/v1/datasets/{gone['id']}").status_code == 204
    dataset_cache.clean(database, settings)
    assert {path.name for path in uploaded_dir.iterdir()} == {kept["sha256"], f"{kept['sha256']}.use"}
    dataset_cache.clean(database, settings.model_copy(update={"dataset_cache_bytes": 1}))
    assert list(uploaded_dir.iterdir()) == []


def test_a_dataset_is_deleted_with_its_file_unless_a_job_needs_it(
    client: TestClient, settings: Settings, database: Database
) -> None:
    dataset = upload(client)
    url = f"/v1/datasets/{dataset['id']}"
    waiting = client.post("/v1/jobs", json=lr_find(conditions=uploaded(dataset))).json()["id"]
    document = assert_problem(client.delete(url), 409, "dataset_in_use")
    assert waiting in document["detail"]
    claim = claims.claim_next(database, worker="w", slots=2, free=2, lease_s=60)
    assert claim is not None
    assert_problem(client.delete(url), 409, "dataset_in_use")
    client.post(f"/v1/jobs/{waiting}/cancel")
    finish.cancelled(database, claim)
    assert client.delete(url).status_code == 204
    assert_nothing_is_left(client, settings)
    for gone in (client.get(url), client.delete(url), client.delete("/v1/datasets/digits")):
        assert_problem(gone, 404, "dataset_not_found")
    # The job that used it is still there; what comes from it must find the dataset, and does not.
    again = train(conditions=None, schedule=one_cycle(0.1)) | {"conditions": uploaded(dataset)}
    assert_problem(client.post("/v1/jobs", json=again), 422, "unusable_dataset")


@pytest.mark.parametrize("name", ["ds_%00", "ds_x", "..%2F..", "ä", "ds_" + "0" * 32])
def test_what_is_no_id_is_not_found(client: TestClient, name: str) -> None:
    assert client.get(f"/v1/datasets/{name}").status_code == 404
    assert client.delete(f"/v1/datasets/{name}").status_code == 404
