"""Risk and scenarios read the same past errors, from the same store of fitted models."""

import inspect
from types import SimpleNamespace

import pytest

from energy_pipeline import flexibility, forecasting, renewables, risk
from energy_pipeline.book import strategy_sizes
from energy_pipeline.book.positions import Book
from energy_pipeline.orchestration.assets import s05_scenarios, s09_risk


class StopHereError(Exception):
    pass


def test_risk_takes_the_errors_of_the_scenarios_with_the_artefact_store(monkeypatch):
    """Without the store, risk materialised alone fitted the correction of every plant again."""
    store, info, asked, given = object(), SimpleNamespace(with_desk=lambda desk: desk), [], []

    def recorder(name):
        def record(*arguments):
            asked.append((name, *arguments))
            return [name]

        return record

    for module, name in ((forecasting, "price_errors"), (renewables, "output_errors")):
        monkeypatch.setattr(module, name, recorder(name))

    def assess(*arguments):
        given.extend(arguments)
        raise StopHereError

    monkeypatch.setattr(risk, "assess", assess)
    monkeypatch.setattr(Book, "from_frames", lambda *_: None)
    for name in ("factor_returns", "held_forwards"):
        monkeypatch.setattr(s09_risk, name, lambda *_: None)
    monkeypatch.setattr(flexibility, "desk_of_day", lambda *_: "the desk as its assets stand")
    monkeypatch.setattr(strategy_sizes, "sized_signals", lambda *_: None)
    for name in ("acting_of", "holding"):
        monkeypatch.setattr(s09_risk, name, lambda *_, **__: None)
    named = [n for n, p in inspect.signature(s09_risk.risk).parameters.items() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    day, frames = SimpleNamespace(artefacts=store, desk=None, day=None), dict.fromkeys(named)
    with pytest.raises(StopHereError):
        s09_risk.risk(**{**frames, "day": day, "information_set": info})
    assert asked == [("price_errors", info, store), ("output_errors", info, store)]
    assert ["price_errors", "output_errors"] in given
    assert given[0] == "the desk as its assets stand"
    assert s05_scenarios.past_errors(day, info) == ["price_errors", "output_errors"]
