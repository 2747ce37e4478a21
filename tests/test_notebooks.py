"""The notebook runs as it is, against the fake server instead of the embedded model."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from story import responder

from simulator.llm.fake_server import FakeServer, in_thread

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_first_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = nbformat.read(ROOT / "notebooks" / "first-steps.ipynb", as_version=4)
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    with in_thread(FakeServer(responder)) as server:
        monkeypatch.setenv("SIXHOP_MODEL", f"{server.url}#fake")
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if cell.cell_type == "code"
    )
    assert "assistant:" in printed
    assert "| extract | 3 | 3 | 0 |" in printed


def test_the_notebook_is_committed_without_outputs() -> None:
    notebook = nbformat.read(ROOT / "notebooks" / "first-steps.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
