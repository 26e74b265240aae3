"""Requests that mean harm, over real sockets: no 5xx, no word too many, and the server lives on."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.builders import lr_find
from tests.fuzz.live import ADMIN_KEY, counts, serving

LEAKS = ("Traceback", "sqlalchemy", "sqlite", "SELECT ", "site-packages", ".py", "/tmp/", ADMIN_KEY)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as url:
        yield url
        assert counts(url)[1] == 0


@pytest.fixture
def admin(url: str) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    with httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


def assert_refused(response: httpx2.Response, *statuses: int) -> None:
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert not [word for word in LEAKS if word in response.text], response.text


DEEP = 30_000
BODIES: dict[str, bytes] = {
    "NaN": b'{"kind": "lr_find", "seed": NaN}',
    "1e999": b'{"kind": "lr_find", "seed": 1e999}',
    "huge integer": b'{"kind": "lr_find", "seed": ' + b"9" * 100_000 + b"}",
    "minus huge integer": b'{"kind": "lr_find", "seed": -' + b"9" * 5000 + b"}",
    "deep list": b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "nul": b'{"kind": "lr_find\x00"}',
    "escaped nul": b'{"kind": "lr_find", "name": "a\\u0000b"}',
    "lone surrogate": b'{"kind": "lr_find", "name": "\\ud800"}',
    "bad utf-8": b'{"kind": "\xff\xfe"}',
    "overlong utf-8": b'{"kind": "\xc0\xaf"}',
    "utf-16": '{"kind": "lr_find"}'.encode("utf-16"),
    "many keys": b"{" + b",".join(b'"k%d": 1' % number for number in range(50_000)) + b"}",
    "long key": b'{"' + b"k" * 500_000 + b'": 1}',
    "prototype": b'{"__proto__": {"admin": true}, "constructor": 1}',
    "pickle": b"cos\nsystem\n(S'id'\ntR.",
}


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/schedules:preview", "/v1/keys", "/v1/session"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_hostile_bodies_are_refused(admin: httpx2.Client, path: str, body: bytes) -> None:
    assert_refused(admin.post(path, content=body), 400, 422)


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/keys", "/v1/session", "/v1/schedules:preview"])
def test_ten_megabytes_are_too_many(admin: httpx2.Client, path: str) -> None:
    assert_refused(admin.post(path, content=b'{"a": "' + b"x" * 10_000_000 + b'"}'), 413)


def test_the_last_of_duplicate_fields_counts_and_is_checked(admin: httpx2.Client) -> None:
    good = json.dumps(lr_find())
    assert_refused(admin.post("/v1/jobs", content=f'{good[:-1]}, "seed": 1, "seed": -1}}'), 422)
    response = admin.post("/v1/jobs", content=f'{good[:-1]}, "seed": -1, "seed": 1}}')
    assert response.status_code == 202
    assert response.json()["spec"]["seed"] == 1


SQL = [
    "' OR '1'='1",
    "1; DROP TABLE jobs;--",
    "queued' UNION SELECT key_sha256 FROM api_keys--",
    "%' --",
    "\\",
    "\x00",
    "🦈" * 100,
]


@pytest.mark.parametrize("text", SQL)
def test_sql_in_every_filter_is_text_or_refused(admin: httpx2.Client, text: str) -> None:
    document = admin.get("/openapi.json").json()
    for path, item in document["paths"].items():
        operation = item.get("get")
        if operation is None or path == "/readyz":
            continue
        for parameter in operation.get("parameters", []):
            target = path.replace("{job_id}", "job_" + "0" * 32)
            if parameter["in"] == "query":
                response = admin.get(target, params={parameter["name"]: text})
                assert response.status_code in (200, 404, 422), (path, parameter["name"], response.text)
                assert not [word for word in LEAKS if word in response.text and word not in text]
            elif parameter["in"] == "path":
                response = admin.get(path.replace("{" + parameter["name"] + "}", quote(text, safe="")))
                assert response.status_code in (200, 404, 422)
    assert admin.get("/v1/jobs").status_code == 200


PATHS = [
    "/v1/jobs/..%2f..%2fetc%2fpasswd", "/v1/jobs/%2e%2e/keys", "/docs/..%2f..%2fjobs%2fsettings.py",
    "/docs/../v1/jobs",
    "/docs/%2e%2e/v1/keys", "//v1/jobs", "/v1//jobs", "/v1/jobs/", "/V1/JOBS", "/v1/jobs;x=1", "/v1/jobs%00",
    "/docs/main.py",
    "/docs/__init__.py", "/healthz/../v1/jobs", "/v1/%6bobs", "/openapi.json/../v1/keys", "/static/../../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_tricks_with_paths_lead_nowhere(url: str, path: str) -> None:
    status, head, body = raw(url, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert status in (401, 404), body
    assert "application/problem+json" in head
    assert "root:" not in body


HEADERS = [
    b"X-Request-ID: a\r\n Set-Cookie: evil=1",
    b"X-Request-ID: " + b"x" * 5000,
    b"X-Request-ID: \xff\xfe",
    b"Idempotency-Key: a\x0bSet-Cookie: evil=1",
    b"Idempotency-Key: " + b"k" * 300,
    b"Cookie: clr_session=" + b"x" * 4000,
    b"Cookie: clr_session=\xff; clr_session=a",
    b"Authorization: Bearer \xc3\x28",
    b"X-Forwarded-For: 1.2.3.4\x00",
    b"Content-Length: -1",
    b"Content-Length: 5\r\nContent-Length: 6",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4",
]


@pytest.mark.parametrize("header", HEADERS)
def test_hostile_headers_add_nothing_to_the_answer(url: str, header: bytes) -> None:
    request = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + b"\r\n\r\n"
    status, head, _ = raw(url, request)
    assert 400 <= status < 500
    assert "evil" not in head.lower()


def test_an_id_of_another_owner_is_as_unknown_as_one_that_was_never_made(admin: httpx2.Client, url: str) -> None:
    job_id = admin.post("/v1/jobs", json=lr_find()).json()["id"]
    key = admin.post("/v1/keys", json={"name": "mallory", "scope": "submit"}).json()["key"]
    answers: list[Any] = []
    for asked in (job_id, "job_" + "0" * 32):
        for path in ("", "/curves", "/lr-bounds"):
            with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as mallory:
                response = mallory.get(f"/v1/jobs/{asked}{path}")
            answers.append((response.status_code, response.json()["detail"].replace(asked, "")))
    assert set(answers) == {answers[0]}
    assert answers[0][0] == 404


def raw(url: str, request: bytes) -> tuple[int, str, str]:
    """Status, headers and body of an answer to bytes that no client library would send."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65_536):
            answer += chunk
    head, _, body = answer.decode("latin-1").partition("\r\n\r\n")
    return int(head.split(" ")[1]), head, body
