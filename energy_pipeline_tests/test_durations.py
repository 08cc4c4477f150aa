"""The list of measured tests is one that `make check` can trust."""

import re
from pathlib import Path

from energy_pipeline_tests import durations

ROOT = Path(__file__).resolve().parent.parent


def test_a_test_is_slow_from_the_threshold_on_and_fast_when_never_measured():
    seconds = {"slow": durations.SLOW_FROM_S, "fast": durations.SLOW_FROM_S - 0.1}
    assert [durations.is_slow(name, seconds) for name in ("slow", "fast", "new")] == [True, False, False]


def test_what_is_written_is_read_back_by_name_and_to_a_tenth(tmp_path):
    durations.write(tmp_path / "d.json", {"b": 2.04, "a": 1.0})
    assert list(durations.read(tmp_path / "d.json").items()) == [("a", 1.0), ("b", 2.0)]


def test_every_listed_test_is_still_there():
    missing = []
    for name in durations.read():
        file, *_, function = re.sub(r"\[.*", "", name, flags=re.DOTALL).split("::")
        path, function = ROOT / file, function.rsplit(".", 1)[-1]
        if not path.is_file() or (function != path.stem and not re.search(rf"\b{re.escape(function)}\b", path.read_text(encoding="utf-8"))):
            missing.append(name)
    assert not missing, f"moved or renamed: rename them in durations.json, or run make durations: {missing}"
