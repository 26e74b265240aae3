"""Log lines, as programs and as people read them."""

import json
import logging
import sys

from jobs.config.logging_setup import JsonLines, TextLines, words


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("api.x", logging.INFO, "x.py", 1, message, (), None)
    made.__dict__.update(extra)
    return made


def test_a_json_line_has_the_words_of_its_context() -> None:
    with words(request_id="r1"), words(job_id="job_1"):
        document = json.loads(JsonLines().format(record("hello", words={"status": 200})))
    assert (document["request_id"], document["job_id"], document["status"]) == ("r1", "job_1", 200)
    assert (document["level"], document["logger"], document["message"]) == ("INFO", "api.x", "hello")
    assert "request_id" not in json.loads(JsonLines().format(record("later")))


def test_nobody_can_add_a_line_of_their_own() -> None:
    hostile = "a\r\nERROR root: you were hacked\x1b[2J"
    for formatter in (JsonLines(), TextLines("%(levelname)s %(message)s")):
        with words(path=hostile):
            line = formatter.format(record(hostile))
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


def test_a_traceback_stays_in_its_json_line() -> None:
    made = record("broke")
    try:
        int("no")
    except ValueError:
        made.exc_info = sys.exc_info()
    line = JsonLines().format(made)
    assert len(line.splitlines()) == 1
    assert "ValueError: invalid literal" in json.loads(line)["traceback"]
