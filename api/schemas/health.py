"""The health document."""

from typing import Literal

from api.schemas.base import Document


class Health(Document):
    """Whether each required component responds."""

    status: Literal["ok", "degraded", "not_ready"]
    checks: dict[str, str]
