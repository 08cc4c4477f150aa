"""The checks that marts are published look at the warehouse once together. Counted, not timed."""

from datetime import date
from types import SimpleNamespace

import duckdb

from energy_pipeline.orchestration import checks

DAY = date(2026, 3, 28)
MARTS = ["pnl", "prices", "limits", *(f"mart_{i}" for i in range(45))]


class Session:
    """What the checks ask of a run."""

    def __init__(self, warehouse):
        self.runtime = SimpleNamespace(settings=SimpleNamespace(warehouse=warehouse))


def outcomes(session):
    return {mart: checks._outcome(checks.Check(None, "published", "", checks._published(mart)), session, [DAY]) for mart in MARTS}


def test_all_marts_are_checked_by_one_opening_of_the_warehouse(tmp_path, monkeypatch):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts; create table marts.pnl (x int); comment on table marts.pnl is 'P&L.'; create table marts.prices (x int)")
        con.execute("create view marts.limits as select 1 as x; comment on view marts.limits is 'Limits.'")
    opened, good = [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *a, **k: opened.append(a) or good(*a, **k))
    found = outcomes(Session(path))
    assert len(opened) == 1
    assert found["pnl"].failed_days == found["limits"].failed_days == (), "a view is a mart too"
    assert found["prices"].detail == ["marts.prices has no comment"]
    assert found["mart_3"].detail == ["marts.mart_3 is not in the warehouse"]
    outcomes(Session(path))
    assert len(opened) == 2, "the next run looks anew"
