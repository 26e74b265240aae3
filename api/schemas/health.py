"""Whether each part that is needed answers."""

from typing import Literal

from api.schemas.base import Document


class Health(Document):
    """Whether each part that is needed answers."""

    status: Literal["ok", "degraded", "not_ready"]
    checks: dict[str, str]
