"""A user's file is believed by its bytes at each run, and only when it is whole."""

import os
from pathlib import Path

import polars as pl
import pytest

from energy_pipeline.domain.errors import SourceError
from energy_pipeline.lake import source_files
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.reading.opening import text_frame

HEAD = "t,v\n"


@pytest.fixture
def parsed(monkeypatch):
    """How often a CSV was parsed."""
    calls, real = [], text_frame

    def counted(data, layout, name):
        calls.append(Path(name).name)
        return real(data, layout, name)

    monkeypatch.setattr(source_files, "text_frame", counted)
    return calls


def test_a_changed_file_is_seen_by_the_next_run_and_not_within_one(tmp_path):
    path, sources = tmp_path / "x.csv", SourceFiles(tmp_path)
    path.write_text(f"{HEAD}1,72\n")
    sources.begin("run 1")
    assert sources.load("x.csv")["v"].to_list() == ["72"]
    path.write_text(f"{HEAD}1,102\n")
    sources.begin("run 1")
    assert sources.load("x.csv")["v"].to_list() == ["72"], "steps of one run see one content"
    sources.begin("run 2")
    assert sources.load("x.csv")["v"].to_list() == ["102"]


def test_a_file_of_the_same_size_and_time_is_told_by_its_content(tmp_path):
    path, sources = tmp_path / "x.csv", SourceFiles(tmp_path)
    path.write_text(f"{HEAD}1,72\n")
    seen = path.stat()
    sources.load("x.csv")
    path.write_text(f"{HEAD}1,73\n")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    sources.begin("next")
    assert sources.load("x.csv")["v"].to_list() == ["73"]


def test_an_unchanged_file_is_parsed_once(tmp_path, parsed):
    (tmp_path / "x.csv").write_text(f"{HEAD}1,72\n")
    sources = SourceFiles(tmp_path)
    first = sources.load("x.csv")
    for run in ("a", "b", "c"):
        sources.begin(run)
        assert sources.load("x.csv") is first
    assert parsed == ["x.csv"]


def test_a_file_that_vanished_is_missed_by_the_next_run(tmp_path):
    path, sources = tmp_path / "x.csv", SourceFiles(tmp_path)
    path.write_text(f"{HEAD}1,72\n")
    sources.load("x.csv")
    path.unlink()
    sources.begin("next")
    with pytest.raises(SourceError, match="no such file"):
        sources.load("x.csv")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, suffix):
    path, real = tmp_path / f"x.{suffix}", os.fstat
    frame, looks = pl.DataFrame({"t": [1], "v": [72.0]}), []
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)

    def look(descriptor):
        looks.append(real(descriptor))
        if len(looks) == 1:
            with path.open("ab") as writer:
                writer.write(b"2,73\n")
        return looks[-1]

    monkeypatch.setattr(os, "fstat", look)
    with pytest.raises(SourceError, match=rf"x\.{suffix}: changed while it was read \(\d+ bytes before, .* -> wait until its writer is done"):
        SourceFiles(tmp_path).load(path.name)
    assert looks


def test_a_file_replaced_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path, real = tmp_path / "x.csv", os.fstat
    path.write_text(f"{HEAD}1,72\n")

    def look(descriptor):
        found = real(descriptor)
        (tmp_path / "y").write_text(f"{HEAD}1,73\n")
        (tmp_path / "y").replace(path)
        return found

    monkeypatch.setattr(os, "fstat", look)
    with pytest.raises(SourceError, match="changed while it was read"):
        SourceFiles(tmp_path).load("x.csv")


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5])
def test_a_copy_that_ends_inside_its_last_line_is_refused(tmp_path, cut):
    whole = f"{HEAD}1,41.00\n2,42.61\n"
    (tmp_path / "x.csv").write_text(whole[:-cut])
    with pytest.raises(SourceError, match=r"x\.csv: ends without a line end, after '2,.* -> copy or export it again"):
        SourceFiles(tmp_path).load("x.csv")


def test_line_ends_of_windows_are_line_ends(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"t,v\r\n1,72\r\n")
    assert SourceFiles(tmp_path).load("x.csv").to_dicts() == [{"t": "1", "v": "72"}]
