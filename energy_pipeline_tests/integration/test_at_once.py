"""Many at once on one lake: different days, the same day twice, one that merges, one that publishes, four that read; no error, nothing lost."""

import os
import time
from datetime import date
from pathlib import Path

import pytest

from energy_pipeline.lake import Lake
from energy_pipeline_tests import servers
from energy_pipeline_tests.integration import processes
from energy_pipeline_tests.integration.long_runs import Place, contents, marts

SECONDS = int(os.environ.get("ENERGY_PIPELINE_AT_ONCE_SECONDS", "0"))
"""`make test-long` asks for 300."""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not SECONDS, reason="ENERGY_PIPELINE_AT_ONCE_SECONDS is not set: make test-long")]
DAYS = tuple(date(2026, 3, n) for n in (10, 13, 16, 19))
"""Apart from each other: a day hangs on the one before it, and none of these is decided."""
TWICE = date(2026, 3, 22)
EVERY = (*DAYS, TWICE)
PAUSE_SECONDS = 2.0
"""Between two rounds of those who merge, publish and read: the writers need the cores too."""
READ = ("positions", "scenario_paths", "price_forecasts", "day_ahead_prices")


def history(desk: str, lake: str) -> None:
    """The raw days that the decisions look back to."""
    from energy_pipeline.runner.flows import Runner
    from energy_pipeline.settings import Settings

    runner = Runner(Settings(desk=Path(desk), lake=lake))
    runner.ensure_history(DAYS[0], TWICE)
    runner.load(DAYS[0], TWICE).raise_if_failed()


def one_after_the_other(words: list[list[str]]) -> None:
    """Commands in one process: what they write does not hang on it (`test_range_equals_days`)."""
    for own in words:
        with pytest.raises(SystemExit, match=r"^0$"):
            processes.energy_pipeline(*own)


def over_and_over(what: str, desk: str, lake: str, stop: str) -> None:
    """Merge months, publish, or read until a file appears; what goes wrong ends the process with an error."""
    from energy_pipeline.contracts import TABLES
    from energy_pipeline.desk import load_desk
    from energy_pipeline.settings import Settings
    from energy_pipeline.warehouse.publishing import publish

    settings, held = Settings(desk=Path(desk), lake=lake), Lake(lake)
    own, rounds = load_desk(Path(desk)), 0
    while not Path(stop).exists():
        rounds += 1
        time.sleep(PAUSE_SECONDS)
        if what == "merge":
            _ = [held.compact(name, DAYS[0].replace(day=1)) for name in TABLES]
        elif what == "publish":
            publish(held, settings.warehouse, settings.sql_root, list(EVERY), desk=own)
        else:
            for name in READ:
                frame = held.read(name, DAYS[0], TWICE, missing="skip")
                assert frame.select("delivery_day").n_unique() >= 0
            if settings.warehouse.exists():
                marts(settings.warehouse)
    print(f"{what}: {rounds} rounds")  # noqa: T201 - what the process leaves behind


@pytest.fixture(params=["in a folder", "on S3 and PostgreSQL"])
def moved(request, tmp_path, monkeypatch):
    """From the place of the serial result to the one of the trial."""
    if request.param == "in a folder":
        yield lambda serial: serial.copied(tmp_path / "at_once")
        return
    with servers.s3(tmp_path / "s3") as store, servers.postgres(tmp_path / "pg") as database:
        _ = [monkeypatch.setenv(name, value) for name, value in store.items()]
        yield lambda serial: serial.deployed(tmp_path / "at_once", "s3://tests/lake", store | database)


def test_what_many_write_at_once_is_what_one_after_the_other_writes(tmp_path, moved):
    with processes.library_server():
        serial, stop = Place(tmp_path / "serial"), tmp_path / "stop"
        serial.home.mkdir()
        where = (str(serial.desk("a")), serial.root)
        processes.run(history, *where, environment=serial.environment)
        place = moved(serial)
        commands = [serial.words("a", "run", str(day), "--flows", "ingest,decide", "--no-audit") for day in EVERY]
        processes.run(one_after_the_other, commands, environment=serial.environment)
        processes.run(long_publish, *where, environment=serial.environment)
        where = (str(place.desk("a")), place.root)
        others = [begun(place, f"{what}{n}", over_and_over, what, *where, str(stop)) for n, what in enumerate(("merge", "publish", *["read"] * 4))]
        ends, rounds = time.monotonic() + SECONDS, 0
        try:
            while rounds == 0 or time.monotonic() < ends:
                rounds += 1
                words = [place.words("a", "run", str(day), "--again", "--flows", "ingest,decide", "--no-audit") for day in (*EVERY, TWICE)]
                ended([begun(place, f"writer{n}", processes.energy_pipeline, *own) for n, own in enumerate(words)])
        finally:
            stop.touch()
        ended(others)
        processes.run(long_publish, *where, environment=place.environment)
    assert contents(place.lake, EVERY, ("decide",)) == contents(serial.lake, EVERY, ("decide",))
    assert marts(place.warehouse) == marts(serial.warehouse)
    assert place.lake.unfinished().all() == []
    said = [(place.home / f"{name}.txt").read_text().splitlines()[-1] for name in ("merge0", "publish1", "read2", "read5")]
    os.write(1, f"{place.root}: {rounds} rounds of {len(EVERY) + 1} writers; {'; '.join(said)}\n".encode())


def long_publish(desk: str, lake: str) -> None:
    """A last publish of all days."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.settings import Settings
    from energy_pipeline.warehouse.publishing import publish

    settings = Settings(desk=Path(desk), lake=lake)
    publish(Lake(lake), settings.warehouse, settings.sql_root, list(EVERY), desk=load_desk(Path(desk)))


def begun(place, name, program, *arguments):
    """A process under way, and where it prints."""
    output = place.home / f"{name}.txt"
    return processes.begun(program, *arguments, environment=place.environment, output=output), output


def ended(running):
    for process, output in running:
        process.join()
        assert process.exitcode == 0, output.read_text()[-4000:]
