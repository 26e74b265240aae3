"""``GET /v1/models``: everything that conditions can name, with schemas that say what they take."""

from pathlib import Path

from fastapi.testclient import TestClient
from jsonschema_rs import Draft202012Validator
from pydantic import SecretStr, TypeAdapter, ValidationError

from api.app import create_app
from jobs.config.settings import Settings
from jobs.spec.catalog import OWN_MODELS, TORCHVISION_CLASSIFIERS
from jobs.spec.models import AnyModel, Model

model: TypeAdapter[AnyModel] = TypeAdapter(Model)
OPTIONS = [{}, {"hidden": [8]}, {"hidden": [0]}, {"small_images": True}, {"small_images": False}, {"depth": 3}]


def test_every_model_has_a_schema_that_takes_what_conditions_take(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(f"sqlite:///{tmp_path / 'clr.sqlite3'}"))
    with TestClient(create_app(settings)) as client:
        entries = client.get("/v1/models").json()["data"]
    assert [entry["name"] for entry in entries] == ["mlp", *OWN_MODELS, *TORCHVISION_CLASSIFIERS, "entry_point"]
    for entry in entries:
        judge = Draft202012Validator(entry["schema"])
        for document in ({"name": entry["name"], "options": options} for options in OPTIONS):
            try:
                model.validate_python(document)
                is_legal = True
            except ValidationError:
                is_legal = False
            assert judge.is_valid(document) == is_legal, document
        assert not judge.is_valid({"name": "resnet9000"})
        assert entry["help"]
