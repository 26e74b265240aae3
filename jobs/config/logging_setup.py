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
    """Add fields such as ``job_id`` to every log record of this context."""
    token = _words.set(_words.get({}) | more)
    try:
        yield
    finally:
        _words.reset(token)


def configure(settings: Settings) -> None:
    """Send all logs of this process to standard error, in the format and from the level that the settings name."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if settings.log == "json" else TextLines(_TEXT))
    logging.basicConfig(level=settings.log_level, handlers=[handler], force=True)


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, message, context, ``extra`` and traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record as one line. Line breaks in a message are escaped, so that no caller can forge a record."""
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
    """Formats a record as a line for people, with its fields at the end."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Format the line without its traceback. Control characters are escaped."""
        line = super().formatMessage(record)
        if not line.isprintable():
            line = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
        found = " ".join(f"{name}={value!r}" for name, value in _all_words(record).items())
        return f"{line} [{found}]" if found else line


def _all_words(record: logging.LogRecord) -> dict[str, Any]:
    extra: dict[str, Any] = getattr(record, "words", {})
    return _words.get({}) | extra
