"""Hides the worker's secrets from the ranks, which run code of users and need no secret.

``worker.train.agent`` removes ``CLR_`` variables too, but ``/proc`` shows the environment that the ancestor of a forked
process was *started* with. So the forkserver itself is started without secrets.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from jobs.config.secrets import PASSWORD_IN_URL, WORDS, is_credential
from jobs.config.settings import Settings

_KEY = re.compile(r"\bclr_[A-Za-z0-9_-]{40,}|(?<=\bBearer )\S+", re.IGNORECASE)
_FEWEST_CHARACTERS = 8  # minimum length of a secret to search for: shorter ones occur in ordinary words


def is_secret(name: str, value: str) -> bool:
    """Return whether a variable is kept from ranks: by our prefix, its name, or a URL with a password as its value."""
    return name.upper().startswith("CLR_") or is_credential(name, value)


def secrets_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that ranks do not get."""
    return {name: value for name, value in environment.items() if is_secret(name, value)}


@contextmanager
def without_secrets() -> Iterator[None]:
    """Remove secrets from this process's environment while a child is being started."""
    environment = os.environ  # noqa: TID251 - what children inherit is said through it
    hidden = secrets_in(environment)
    for name in hidden:
        del environment[name]
    try:
        yield
    finally:
        environment.update(hidden)


def redaction(secrets: Iterable[str] = ()) -> Callable[[str], str]:
    """Return a function that replaces secrets in a text by ``***``: these secrets, API keys, and passwords in URLs.

    Its time is linear in the length of any text: it blocks all other threads, including the renewal of a lease.
    """
    known = sorted({secret for secret in secrets if len(secret) >= _FEWEST_CHARACTERS}, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "***")
        return _KEY.sub("***", PASSWORD_IN_URL.sub("://***@", text))

    return redact


def secrets_of(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Return the secrets that a worker knows: its own, and those in variables that look like secrets."""
    ours = (settings.database_url, settings.broker_url)
    urls = [*environment.values(), *(url.get_secret_value() for url in ours if url is not None)]
    found = [value for name, value in environment.items() if WORDS.search(name)]
    found += [] if settings.admin_key is None else [settings.admin_key.get_secret_value()]
    return [*found, *(password for url in urls if (password := _password_in(url)))]


def _password_in(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None
