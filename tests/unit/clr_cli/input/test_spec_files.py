from pathlib import Path

import pytest

from clr_cli.input.spec_files import spec_from_file
from clr_client.errors import UsageError
from jobs.spec.job import job_spec
from tests.unit.clr_cli.commands.jobs.test_run_file import SPEC


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(SPEC)
    return path


def test_a_rate_written_as_people_write_it_is_a_number_and_no_is_text(file: Path) -> None:
    spec = spec_from_file(file)
    assert spec["range_test"] == {"start_lr": 1e-6, "end_lr": 10, "replicas": 3}
    assert spec["conditions"]["optimizer"]["weight_decay"] == 5e-4
    assert spec["name"] == "no"
    job_spec.validate_python(spec)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-4", 1e-4), ("1E5", 1e5), ("-.5", -0.5), ("3.", 3.0), ("7", 7), ("-0", 0), ("010", "010"), ("0x10", "0x10"),
     ("1_000", "1_000"), ("true", True), ("yes", "yes"), ("~", None), ("", None), ("2026-01-01", "2026-01-01"),
     (".nan", ".nan"), (".inf", ".inf"), ("auto", "auto"), ("1:30", "1:30"), ("e5", "e5"), ("'1e-4'", "1e-4")],
)  # fmt: skip
def test_scalars_are_read_as_yaml_1_2_has_them(tmp_path: Path, text: str, value: object) -> None:
    path = tmp_path / "a.yml"
    path.write_text(f"key: {text}\n")
    found = spec_from_file(path)["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind: lr_find\nkind: train\n", "'kind' is given twice .line 2, column 1"),
        ("a: {b: 1, b: 2}\n", "'b' is given twice"),
        ("1: a\n", "is no text"),
        ("a: [1\n", "line 2"),
        ("- a\n", "holds no mapping"),
        ("", "holds no mapping"),
        ("a: !!python/object/apply:os.getcwd []\n", "holds no YAML"),
    ],
)
def test_what_is_no_spec_is_refused_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=complaint):
        spec_from_file(path)


@pytest.mark.parametrize("text", ["{", "[1]", '{"seed": NaN}', "", "\xff"])
def test_a_file_that_holds_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "spec.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=r"holds no (JSON|mapping)"):
        spec_from_file(path)


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        spec_from_file(tmp_path / "missing.json")
