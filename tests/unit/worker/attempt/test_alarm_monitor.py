import math

from worker.attempt.alarm_monitor import AlarmMonitor
from worker.rundir.report_lines import PointsLine


def points(step: int, **values: float) -> PointsLine:
    named = {name: [value] for name, value in values.items()}
    return PointsLine(steps=[step], values=named, done=step + 1, clock=(0.0, 1.0))


def test_a_watch_raises_each_alarm_once_and_names_the_rate_of_a_divergence() -> None:
    watch = AlarmMonitor()
    found = []
    for epoch in range(20):
        found += watch.see(points(epoch * 10, lr=0.1, train_loss=1.0))
        val_loss = 0.5 + abs(epoch - 8) * 0.05
        found += watch.see(points(epoch * 10, val_loss=val_loss, generalisation_gap=val_loss - 1 / (epoch + 1)))
    assert [alarm["code"] for alarm in found] == ["overfitting"]
    (alarm,) = watch.see(points(200, lr=0.2, train_loss=math.nan))
    assert (alarm["code"], alarm["step"], alarm["evidence"]) == ("divergence", 200, {"lr": 0.2})
    assert watch.see(points(201, lr=0.2, train_loss=math.nan)) == []
