"""Requests to the API in tests, and checks of its problem documents."""

import socket
from typing import Any

from fastapi.testclient import TestClient

from tests.builders import lr_find


def dead_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["code"] == code, document
    assert document["type"] == f"/problems/{code.replace('_', '-')}"
    assert document["request_id"] == response.headers["x-request-id"]
    return document


ADMIN_KEY = "an admin's key, long enough to count"

NOBODYS = "job_" + "0" * 32


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def submit(client: TestClient, headers: dict[str, str], **changes: Any) -> str:
    response = client.post("/v1/jobs", json=lr_find(**changes), headers=headers)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def filled(path: str, job_id: str = NOBODYS) -> str:
    values = {
        "job_id": job_id,
        "step": "1",
        "suffix": "svg",
        "dataset_id": "ds_" + "0" * 32,
        "key_id": "key_" + "0" * 32,
        "name": "w",
    }
    return path.format(**values)


def operations(client: TestClient) -> list[tuple[str, str]]:
    document = client.get("/openapi.json").json()
    return [(method.upper(), path) for path, item in document["paths"].items() for method in item]
