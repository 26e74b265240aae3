import os
from pathlib import Path

import pytest

from clr_client.errors import StackUsageError
from local_stack.data_dir import hold, make_folder


def test_a_folder_is_private_and_held_by_one_at_a_time(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a" / "b")
    assert folder.stat().st_mode & 0o777 == 0o700
    with hold(folder), pytest.raises(StackUsageError) as caught, hold(folder):
        pass
    assert str(folder) in str(caught.value)
    assert str(os.getpid()) in str(caught.value)
    with hold(folder):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackUsageError, match="Cannot create"):
        make_folder(tmp_path / "file" / "folder")
