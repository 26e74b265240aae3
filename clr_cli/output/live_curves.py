"""The curve of a job drawn with characters: a range test with its bounds, or a training."""

from clr_client.client import Client
from clr_client.display.formatting import Document
from clr_client.display.text_charts import Line, chart, clip_divergence
from clr_client.errors import ClrError

POINTS = 300


def range_test_chart(client: Client, job: Document, bounds: Document | None = None) -> str | None:
    """Draw the measurements of a range test over the learning rate, with its bounds; None without points."""
    measure = ((job["spec"] or {}).get("range_test") or {}).get("measure") or "train_loss"
    series = client.curves(job["id"], [measure], x="lr", max_points=POINTS)["series"]
    lines: list[Line] = [(one["x"], clip_divergence(one["y"])) for one in series]
    found = (bounds or {}).get("bounds") or {}
    marks = [found[name] for name in ("base_lr", "max_lr") if name in found]
    below = "; the lines are base_lr and max_lr" if marks else ""
    return (
        chart(lines, f"{measure} over the learning rate{below}", log_x=True, marks=marks)
        if _has_points(lines)
        else None
    )


def training_chart(client: Client, job: Document) -> str | None:
    """Draw the losses of a training over its steps; None if there are no points yet."""
    series = client.curves(job["id"], ["train_loss", "val_loss"], max_points=POINTS)["series"]
    lines: list[Line] = [(one["x"], one["y"]) for one in series]
    return chart(lines, " and ".join(one["metric"] for one in series)) if _has_points(lines) else None


def live_chart(client: Client, job: Document) -> str | None:
    """Draw the curve of a job so far; None if there is none or the server does not answer, since it is optional."""
    try:
        if job["kind"] == "lr_find":
            return range_test_chart(client, job)
        return training_chart(client, job) if job["kind"] == "train" else None
    except ClrError:
        return None


def _has_points(lines: list[Line]) -> bool:
    return any(len(x) > 1 for x, _ in lines)
