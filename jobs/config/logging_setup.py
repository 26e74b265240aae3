"""Logging: one line for each record, as JSON or as text, with its context (request, job, attempt)."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from jobs.config.settings import Settings

_words: ContextVar[dict[str, Any]] = ContextVar("clr_log_words")
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def words(**more: Any) -> Iterator[None]:
    """Give every record of this context some more words, such as ``job_id``."""
    token = _words.set(_words.get({}) | more)
    try:
        yield
    finally:
        _words.reset(token)


def configure(settings: Settings) -> None:
    """Send all logs of this process to standard error, in the form and from the level that settings ask for."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if settings.log == "json" else TextLines(_TEXT))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message, words of the context, ``extra``'s words, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. Line breaks in a message are escaped, so that no caller can add a line of their own."""
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_all_words(record),
        }
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return json.dumps(document, default=str, ensure_ascii=True)


class TextLines(logging.Formatter):
    """A line for people, with the words behind it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line, without its traceback. Control characters are escaped."""
        line = super().formatMessage(record)
        if not line.isprintable():
            line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
        found = " ".join(f"{name}={value!r}" for name, value in _all_words(record).items())
        return f"{line} [{found}]" if found else line


def _all_words(record: logging.LogRecord) -> dict[str, Any]:
    extra: dict[str, Any] = getattr(record, "words", {})
    return _words.get({}) | extra
