"""Keeps the worker's secrets from the ranks: they run the code of users, and need no secret.

``worker.train.agent`` removes ``CLR_`` variables too, but a process that was forked still shows in ``/proc`` what its
ancestor was *started* with. So the forkserver itself is started without.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from jobs.config.secrets import PASSWORD_IN_URL, WORDS, is_credential
from jobs.config.settings import Settings

_KEY = re.compile(r"\bclr_[A-Za-z0-9_-]{40,}|(?<=\bBearer )\S+", re.IGNORECASE)
_FEWEST_CHARACTERS = 8  # of a secret that is looked for: shorter ones stand in innocent words


def is_secret(name: str, value: str) -> bool:
    """Whether a variable is kept from ranks: ours, by its name, or because its value is a URL with a password."""
    return name.upper().startswith("CLR_") or is_credential(name, value)


def secrets_in(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that ranks do not get."""
    return {name: value for name, value in environment.items() if is_secret(name, value)}


@contextmanager
def without_secrets() -> Iterator[None]:
    """Take secrets out of this process's environment for as long as a child is being started."""
    environment = os.environ  # noqa: TID251 - what children inherit is said through it
    hidden = secrets_in(environment)
    for name in hidden:
        del environment[name]
    try:
        yield
    finally:
        environment.update(hidden)


def redaction(secrets: Iterable[str] = ()) -> Callable[[str], str]:
    """What takes secrets out of a text: these, API keys, and passwords in URLs; ``***`` stands in their place.

    It takes time in proportion to the text, whatever that is: nothing else runs meanwhile, a lease's renewal neither.
    """
    known = sorted({secret for secret in secrets if len(secret) >= _FEWEST_CHARACTERS}, key=len, reverse=True)

    def redact(text: str) -> str:
        for secret in known:
            text = text.replace(secret, "***")
        return _KEY.sub("***", PASSWORD_IN_URL.sub("://***@", text))

    return redact


def secrets_of(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """The secrets that a worker knows: its own, and those in variables that look like secrets."""
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
