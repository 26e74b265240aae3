"""Configuration of the service, from environment variables that begin with ``CLR_``."""

from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from jobs.spec.image_limits import ImageLimits


def _addresses(listed: str) -> str:
    """Split a comma-separated list of addresses and networks. Host names are refused: they would match nothing."""
    for each in filter(None, map(str.strip, listed.split(","))):
        ip_network(each)
    return listed


class Settings(BaseSettings):
    """What an operator can set. docs/operations.md lists each setting with its meaning."""

    model_config = SettingsConfigDict(env_prefix="CLR_", frozen=True, extra="ignore", hide_input_in_errors=True)

    data_dir: Path = Path("clr-data")
    database_url: SecretStr | None = None
    database_timeout_s: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 10.0
    broker_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    slots: PositiveInt | None = None
    worker_name: Annotated[str, Field(max_length=100)] | None = None
    lease_s: PositiveFloat = 15.0
    sweep_interval_s: PositiveFloat = 1.0
    checkpoint_interval_s: PositiveFloat = 30.0
    hang_floor_s: PositiveFloat = 60.0
    stop_grace_s: PositiveFloat = 5.0
    cancel_deadline_s: PositiveFloat = 30.0
    max_attempts: PositiveInt = 3
    node_address: IPv4Address | None = None
    gather_s: PositiveFloat = 60.0
    backoff_s: NonNegativeFloat = 1.0
    max_backoff_s: NonNegativeFloat = 60.0
    keep_logs_days: NonNegativeFloat = 14.0
    max_body_bytes: PositiveInt = 1_000_000
    max_upload_bytes: PositiveInt = 2 * 1024**3
    max_unpacked_bytes: PositiveInt = 16 * 1024**3
    max_upload_entries: PositiveInt = 500_000
    max_upload_ratio: PositiveInt = 200
    dataset_cache_bytes: PositiveInt = 64 * 1024**3
    resident_bytes: PositiveInt = 2 * 1024**3
    stream_workers: NonNegativeInt = 2
    auth: bool | None = None
    admin_key: Annotated[SecretStr, Field(min_length=32)] | None = None
    session_ttl_s: PositiveFloat = 12 * 3600.0
    rate_per_s: PositiveFloat = 50.0
    rate_burst: PositiveInt = 200
    max_heavy_requests: PositiveInt = 8
    max_uploads: PositiveInt = 2
    max_streams: PositiveInt = 256
    min_free_bytes: NonNegativeInt = 1024**3
    max_unfinished_jobs: PositiveInt = 1000
    max_running_jobs: PositiveInt | None = None
    trusted_proxies: Annotated[str, AfterValidator(_addresses)] = "127.0.0.1"
    metrics_public: bool = False
    allow_downloads: bool = False
    sinks: str = ""
    log_level: str = "INFO"
    log: Literal["json", "text"] = "text"

    @property
    def sql_url(self) -> str:
        """URL of the database; a SQLite file in the data folder if none is set."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'clr.sqlite3'}"

    @property
    def image_limits(self) -> ImageLimits:
        """Limits on the size of the images of an uploaded dataset once they are decoded."""
        return ImageLimits(self.max_unpacked_bytes, self.max_upload_ratio)

    @property
    def datasets_dir(self) -> Path:
        """Folder of dataset files: ``npz`` files and torchvision's downloads."""
        return self.data_dir.absolute() / "datasets"

    @property
    def artifacts_dir(self) -> Path:
        """Folder of checkpoints and results."""
        return self.data_dir.absolute() / "artifacts"

    @property
    def uploads_dir(self) -> Path:
        """Folder that the API writes incoming uploads to; its files have no name."""
        return self.data_dir.absolute() / "uploads"

    @property
    def runs_dir(self) -> Path:
        """Folder in which a worker keeps the run directories of its attempts."""
        return self.data_dir.absolute() / "runs"
