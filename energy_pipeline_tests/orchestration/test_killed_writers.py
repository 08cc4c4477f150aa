"""A writer of a day that is killed at any of its writes leaves what readers and the next run can live with."""

import subprocess
import sys

from energy_pipeline.lake import Lake, lease
from energy_pipeline_tests.orchestration import killed_writers
from energy_pipeline_tests.orchestration.test_whole_days import DAY, PAGE, page_of


def test_a_writer_killed_at_any_of_its_writes_leaves_a_day_that_is_whole_or_marked(tmp_path):
    done = subprocess.run([sys.executable, "-m", killed_writers.__name__, str(tmp_path)], capture_output=True, text=True, check=True)
    through, old, new = int(done.stdout), killed_writers.expected(killed_writers.OLD), killed_writers.expected(killed_writers.NEW)
    assert through > 10, "a day of five tables and files takes more writes"
    mixed = 0
    for step in range(1, through + 1):
        lake = Lake(tmp_path / str(step))
        found = killed_writers.rows_of(lake)
        assert all(found[name] in (old[name], new[name]) for name in found)
        mixed += found not in (old, new)
        assert found in (old, new) or [mark.run_id for mark in lake.unfinished().all()] == ["second"]
        assert not lease.is_held(lake.storage, DAY, "decide")
        killed_writers.write_day(lake, killed_writers.NEW, "third")
        assert (killed_writers.rows_of(lake), lake.unfinished().all(), page_of(lake)) == (new, [], PAGE)
    assert mixed >= 2, "no writer was killed between two tables: the marks were not tried"
