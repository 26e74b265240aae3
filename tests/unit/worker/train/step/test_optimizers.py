import pytest

from jobs.errors import TrainingError
from jobs.status import Reason
from tests.unit.worker.train.step.learners import learner_of

pytestmark = pytest.mark.usefixtures("group")


def test_an_optimizer_of_a_missing_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "prodigyopt", None)
    with pytest.raises(TrainingError, match=r"pip install 'clr-service\[prodigyopt\]'") as refused:
        learner_of(optimizer={"name": "prodigy"})
    assert refused.value.reason is Reason.NOT_INSTALLED
