"""The list of measured tests is one that `make check` can trust."""

import re
from pathlib import Path

from energy_pipeline_tests import durations

ROOT = Path(__file__).resolve().parent.parent


def test_a_test_is_slow_from_the_threshold_on_and_in_a_file_that_was_never_measured():
    seconds = {"test_a.py": 3.0, "test_a.py::slow": durations.SLOW_FROM_S, "test_a.py::fast": durations.SLOW_FROM_S - 0.1}
    slow = {
        "test_a.py::slow": True,
        "test_a.py::fast": False,
        "test_a.py::short": False,
        "test_new.py::any": True,
        "package/module.py::example": False,
    }
    assert {name: durations.is_slow(name, seconds) for name in slow} == slow


def test_measuring_a_file_again_leaves_the_others():
    listed = {"test_a.py": 3.0, "test_a.py::gone": 2.0, "test_b.py": 1.0}
    assert durations.replaced(listed, {"test_a.py": 1.0}) == {"test_a.py": 1.0, "test_b.py": 1.0}


def test_what_is_written_is_read_back_by_name_and_to_a_tenth(tmp_path):
    durations.write(tmp_path / "d.json", {"b": 2.04, "a": 1.0})
    assert list(durations.read(tmp_path / "d.json").items()) == [("a", 1.0), ("b", 2.0)]


def is_there(name):
    file, test = durations.file_of(name), re.sub(r"\[.*", "", name, flags=re.DOTALL)
    path, function = ROOT / file, test.rpartition("::")[2].rpartition(".")[2]
    return path.is_file() and (test == file or function == path.stem or re.search(rf"\b{re.escape(function)}\b", path.read_text(encoding="utf-8")))


def test_every_listed_file_and_test_is_still_there():
    missing = [name for name in durations.read() if not is_there(name)]
    assert not missing, f"moved or renamed: rename them in durations.json, or run make durations: {missing}"
