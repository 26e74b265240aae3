from typing import Any

from jobs.spec.catalog import TORCHVISION_CLASSIFIERS
from worker.train.models.torchvision_ops import import_torchvision


def test_the_catalog_lists_torchvisions_classifiers() -> None:
    models: Any = import_torchvision().models
    assert set(models.list_models(module=models)) == set(TORCHVISION_CLASSIFIERS)
