"""Curves of a job as arrays, and as tables of pandas."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from clr_client.errors import MissingPackageError
from clr_client.transport.effects import Document


@dataclass(frozen=True, eq=False)
class Series:
    """One metric of one replica.

    Attributes:
        metric: Such as ``train_loss``.
        replica: Number of the replica of a range test; 0 in trainings.
        smoothing: Weight of the neighbours in a smooth series; None for the values as they are.
        axis: Meaning of ``x``: ``step``, ``epoch`` or ``lr``.
        x: x values of the points, shape (points,), ascending unless ``lr``.
        y: Values of the points, shape (points,), including NaN and infinities.
    """

    metric: str
    replica: int
    smoothing: float | None
    axis: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]

    @classmethod
    def of(cls, document: Document, axis: str) -> Self:
        """From its document."""
        x = np.array(document["x"], dtype=np.float64)
        y = np.array([np.nan if value is None else value for value in document["y"]], dtype=np.float64)
        special = [float(entry["value"]) for entry in document["nonfinite"]]
        holes = np.flatnonzero(np.isnan(y))
        if len(holes) == len(special):  # over lr, a step without a known rate has no point
            y[holes] = special
        return cls(document["metric"], document["replica"], document.get("smoothing"), axis, x, y)

    def __len__(self) -> int:
        return len(self.x)

    def to_pandas(self) -> Any:
        """Return a ``pandas.Series`` named after the metric, indexed by ``x``.

        Raises:
            MissingPackageError: Without pandas.
        """
        pandas = _pandas()
        return pandas.Series(self.y, index=pandas.Index(self.x, name=self.axis), name=self.metric)

    def __repr__(self) -> str:
        return f"<Series {self.metric} of replica {self.replica}: {len(self)} points over {self.axis}>"


@dataclass(frozen=True, eq=False)
class Curves:
    """Series of a job, by metric and replica: ``curves["train_loss"].y``, or ``for series in curves``.

    Attributes:
        job_id: The job.
        axis: Meaning of ``x`` in every series: ``step``, ``epoch`` or ``lr``.
        series: All of them.
    """

    job_id: str
    axis: str
    series: Sequence[Series]

    @classmethod
    def of(cls, document: Document) -> Self:
        """Read the document of ``GET /v1/jobs/{id}/curves``."""
        axis = document["x"]
        return cls(document["job_id"], axis, tuple(Series.of(one, axis) for one in document["series"]))

    @property
    def metrics(self) -> list[str]:
        """Names of the available metrics."""
        return list(dict.fromkeys(series.metric for series in self.series))

    def __getitem__(self, metric: str) -> Series:
        """Return the first series of a metric: replica 0, not smoothed.

        Raises:
            KeyError: If there is none; the message lists the available metrics.
        """
        for series in self.series:
            if series.metric == metric:
                return series
        raise KeyError(f"{metric!r} is none of {self.metrics}")

    def __iter__(self) -> Iterator[Series]:
        return iter(self.series)

    def __len__(self) -> int:
        return len(self.series)

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame`` with a row for each point: metric, replica, smoothing, the axis, and value.

        Raises:
            MissingPackageError: Without pandas.
        """
        pandas = _pandas()
        lengths = [len(series) for series in self.series]
        nothing: NDArray[np.float64] = np.empty(0)
        return pandas.DataFrame(
            {
                "metric": np.repeat([series.metric for series in self.series], lengths),
                "replica": np.repeat(np.array([series.replica for series in self.series], dtype=np.int64), lengths),
                "smoothing": np.repeat(
                    np.array([series.smoothing for series in self.series], dtype=np.float64), lengths
                ),
                self.axis: np.concatenate([nothing, *(series.x for series in self.series)]),
                "value": np.concatenate([nothing, *(series.y for series in self.series)]),
            }
        )

    def __repr__(self) -> str:
        return f"<Curves of {self.job_id} over {self.axis}: {', '.join(self.metrics) or 'none yet'}>"


def _pandas() -> Any:
    try:
        import pandas  # noqa: PLC0415 - of an extra, and heavy
    except ModuleNotFoundError as error:
        raise MissingPackageError.of("pandas", "notebook") from error
    return pandas
