"""Two commits are told apart in `runs`, in a clone and in a wheel."""

import re
import shutil
import subprocess

import pytest

from energy_pipeline.orchestration import code_version as module
from energy_pipeline.orchestration.code_version import code_version, local_part


@pytest.fixture(autouse=True)
def _ask_anew():
    code_version.cache_clear()
    yield
    code_version.cache_clear()


@pytest.fixture
def clone(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    root = tmp_path / "clone"
    (root / "energy_pipeline").mkdir(parents=True)
    (root / "energy_pipeline" / "one.py").write_text("")
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)
    return root


def test_a_clone_tells_its_commit(clone):
    commit = subprocess.run(["git", "-C", str(clone), "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    assert local_part(clone) == f"+g{commit[:8]}"


def test_changed_code_is_told_and_a_changed_note_is_not(clone):
    (clone / "note.txt").write_text("not shipped")
    assert not local_part(clone).endswith(".dirty")
    (clone / "energy_pipeline" / "two.py").write_text("")
    assert local_part(clone).endswith(".dirty")


def test_without_git_the_number_stands_alone(clone, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "nothing here"))
    assert local_part(clone) == ""


def test_a_folder_that_is_no_clone_has_no_commit(tmp_path):
    assert local_part(tmp_path) == ""


def test_what_a_build_wrote_stands_before_all_else(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "__file__", str(tmp_path / "code_version.py"))
    (tmp_path / module.BAKED).write_text("0.1.0+gabcdef12\n")
    assert code_version() == "0.1.0+gabcdef12"


def test_the_version_is_a_valid_one():
    assert re.fullmatch(r"\d+\.\d+\.\d+(\+g[0-9a-f]{8,}(\.dirty)?)?", code_version())
