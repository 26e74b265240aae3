"""The notebook of examples/ runs from top to bottom against a real server; it is stored without outputs."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from local_stack.stack import Stack

NOTEBOOK = Path(__file__).parents[2] / "examples" / "first_look.ipynb"
CELL_TIMEOUT_S = 240


@pytest.fixture(scope="module")
def book() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_the_notebook_is_stored_without_outputs(book: Any) -> None:
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own packages
def test_the_notebook_runs_from_top_to_bottom(
    stack: Stack, book: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = str(NOTEBOOK.parents[1])
    for name, value in {"CLR_URL": stack.url, "PYTHONPATH": root, "JUPYTER_PLATFORM_DIRS": "1"}.items():
        monkeypatch.setenv(name, value)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    NotebookClient(book, timeout=CELL_TIMEOUT_S, resources={"metadata": {"path": str(tmp_path)}}).execute()
    text = "\n".join(str(output) for cell in book.cells for output in cell.get("outputs", []))
    assert "Bounds(base_lr=" in text
    assert '<progress value="1.0000"' in text
    assert text.count("application/vnd.plotly.v1+json") == 3
    assert "/epochs" in text
    assert "succeeded" in text
