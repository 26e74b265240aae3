"""The Kubernetes manifests: legal by Kubernetes' own schemas, and of one mind with the settings and the images."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from jobs.config.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "deploy/k8s").glob("*.yaml"))
VERSIONS = ("1.31", "1.37")
SECRETS = {"clr-secrets": {"CLR_DATABASE_URL", "CLR_BROKER_URL"}, "clr-admin": {"CLR_ADMIN_KEY"}}


def documents(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text()))


def containers() -> list[dict[str, Any]]:
    """Of all pods that the manifests make."""
    found = [document["spec"].get("template") for file in FILES for document in documents(file) if "spec" in document]
    return [container for pod in found if pod for container in pod["spec"]["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_manifests_are_legal(file: Path, version: str) -> None:
    for document in documents(file):
        kubernetes_validate.validate(document, version, strict=True)


def test_a_wrong_field_would_be_found() -> None:
    (document,) = documents(ROOT / "deploy/k8s/migrate.yaml")
    document["spec"]["backOffLimit"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSIONS[-1], strict=True)


def test_every_setting_in_them_is_one() -> None:
    (settings,) = documents(ROOT / "deploy/k8s/settings.yaml")
    names = set(settings["data"]).union(*SECRETS.values())
    names |= {variable["name"] for container in containers() for variable in container.get("env", [])}
    assert {name.removeprefix("CLR_").lower() for name in names} <= set(Settings.model_fields)
    Settings.model_validate({name.removeprefix("CLR_").lower(): value for name, value in settings["data"].items()})


def test_only_the_api_has_the_admins_key() -> None:
    having = [
        container["name"] for container in containers() for source in container["envFrom"]
        if source.get("secretRef", {}).get("name") == "clr-admin"
    ]  # fmt: skip
    assert having == ["api"]


def test_references_lead_somewhere() -> None:
    made = {(document["kind"], document["metadata"]["name"]) for file in FILES for document in documents(file)}
    made |= {("Secret", name) for name in SECRETS}
    for container in containers():
        for source in container["envFrom"]:
            kind, reference = next(iter(source.items()))
            assert (kind.removesuffix("Ref")[:1].upper() + kind.removesuffix("Ref")[1:], reference["name"]) in made
    assert {container["image"].split(":")[0] for container in containers()} == {"clr-service-api", "clr-service-worker"}
