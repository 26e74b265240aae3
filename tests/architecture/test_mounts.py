"""What a program opens on disk lies in a volume that it mounts: docker-compose.yml and deploy/k8s against the code.

A program opens the paths of `Settings` that its package names; `jobs` gets paths handed in and names none itself.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, get_type_hints

import pytest
import yaml

from jobs.config.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROGRAMS = {"api": "api", "worker": "worker", "migrate": "migrations"}  # by service, deployment or job
OWN = {"runs_dir"}  # a program may have one that others do not share: run directories are a worker's own

Mounts = dict[PurePosixPath, str]


def data_dir() -> Path:
    found = re.search(r"CLR_DATA_DIR=(\S+)", DOCKERFILE)
    assert found is not None
    return Path(found[1])


def paths_of_settings() -> dict[str, PurePosixPath]:
    """Each setting or property of `Settings` that is a path, as it is in an image."""
    settings = Settings.model_validate({"data_dir": data_dir()})
    names = {name for name, kind in get_type_hints(Settings).items() if kind is Path}
    for name, member in vars(Settings).items():
        if isinstance(member, property) and member.fget is not None and get_type_hints(member.fget)["return"] is Path:
            names.add(name)
    return {name: PurePosixPath(getattr(settings, name)) for name in names}


def opened_by(package: str) -> set[str]:
    """Names of the paths that a package takes from its settings."""
    names = paths_of_settings().keys()
    trees = [ast.parse(file.read_text()) for file in (ROOT / package).rglob("*.py")]
    return {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & names


def compose_mounts(document: Any) -> dict[str, Mounts]:
    """What the services of a compose file mount, by target. Only named volumes are shared and outlive a container."""
    found: dict[str, Mounts] = {}
    for name in PROGRAMS:
        pairs = [str(volume).split(":") for volume in document["services"][name].get("volumes", [])]
        found[name] = {PurePosixPath(at): volume for volume, at, *_ in pairs if volume in document["volumes"]}
    return found


def kubernetes_mounts() -> dict[str, Mounts]:
    """The same of the manifests; an emptyDir is called by the part that it belongs to."""
    found: dict[str, Mounts] = {}
    for part in PROGRAMS:
        (document, *_) = yaml.safe_load_all((ROOT / f"deploy/k8s/{part}.yaml").read_text())
        pod = document["spec"]["template"]["spec"]
        volumes = {
            volume["name"]: volume.get("persistentVolumeClaim", {}).get("claimName", f"{part}'s own")
            for volume in pod.get("volumes", [])
        }
        (container,) = pod["containers"]
        mounted = container.get("volumeMounts", [])
        found[part] = {PurePosixPath(mount["mountPath"]): volumes[mount["name"]] for mount in mounted}
    return found


def missing(mounts: dict[str, Mounts]) -> Iterator[str]:
    """What a program opens outside of its volumes, or in another volume than the other programs that open it."""
    paths = paths_of_settings()
    volume_of: dict[str, dict[str, str | None]] = {}
    for part, package in PROGRAMS.items():
        for name in opened_by(package):
            above = [at for at in mounts[part] if paths[name].is_relative_to(at)]
            volume = mounts[part][max(above, key=lambda at: len(at.parts))] if above else None
            volume_of.setdefault(name, {})[part] = volume
            if volume is None:
                yield f"{part} opens {name}, {paths[name]}, which is in no volume"
    for name, found in volume_of.items():
        if name not in OWN and len(set(found.values())) > 1:
            yield f"{name} is not the same for all: {found}"


def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_every_service_of_the_compose_file_mounts_what_it_opens() -> None:
    assert list(missing(compose_mounts(compose()))) == []


def test_every_pod_mounts_what_it_opens() -> None:
    assert list(missing(kubernetes_mounts())) == []


def test_the_programs_open_paths_and_a_volume_that_is_gone_is_found() -> None:
    assert opened_by("api") >= {"artifacts_dir", "uploads_dir"}
    assert opened_by("worker") >= {"artifacts_dir", "datasets_dir", "runs_dir"}
    document = compose()
    del document["services"]["api"]["volumes"]
    assert "api opens artifacts_dir, /var/lib/clr/artifacts, which is in no volume" in missing(compose_mounts(document))


def test_a_path_that_somebody_adds_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = property(lambda _: Path("/elsewhere"))
    elsewhere.fget.__annotations__["return"] = Path
    monkeypatch.setattr(Settings, "runs_dir", elsewhere)
    assert "worker opens runs_dir, /elsewhere, which is in no volume" in missing(compose_mounts(compose()))


def test_no_service_falls_back_to_a_database_in_a_container() -> None:
    for part in PROGRAMS:
        assert {"CLR_DATABASE_URL", "CLR_BROKER_URL"} <= compose()["services"][part]["environment"].keys()


def test_all_who_share_a_folder_are_one_user_which_owns_it() -> None:
    user = re.search(r"useradd --system --uid (\d+) --gid (\d+) ", DOCKERFILE)
    assert user is not None
    assert f"install -d -o clr -g clr -m 0700 {data_dir()} " in DOCKERFILE
    assert DOCKERFILE.count("\nUSER clr\n") == DOCKERFILE.count("\nCMD ") == 2
    for part in PROGRAMS:
        assert "user" not in compose()["services"][part]
        (document, *_) = yaml.safe_load_all((ROOT / f"deploy/k8s/{part}.yaml").read_text())
        context = document["spec"]["template"]["spec"]["securityContext"]
        assert (str(context["runAsUser"]), str(context["fsGroup"])) == user.groups()
