"""The walk over a market file: leak-free, resumable, parallel, and robust to bad input."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from energy_pipeline.cli.main import app
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.studies import forecast_benchmark
from energy_pipeline.studies.benchmark_file import market_panel
from energy_pipeline.studies.forecast_benchmark import run
from energy_pipeline_tests.forecasting.markets import FIRST, market

NAMES = ("lear_56", "krr_364a", "xgboost")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    from energy_pipeline.forecasting import committee
    from energy_pipeline.forecasting.kernel_ridge import KernelRidge
    from energy_pipeline.forecasting.trees import Trees

    # Long enough for weights and quantiles; the days that a walk needs before its first one are most of what it costs.
    monkeypatch.setattr(forecast_benchmark, "WARM_UP_DAYS", 45)
    monkeypatch.setitem(committee.MEMBERS, "xgboost", lambda: Trees(trees=20, refit_days=14))
    monkeypatch.setitem(committee.MEMBERS, "krr_364a", lambda: KernelRidge(100, adaptive=True))


def frame(days=170, slots=24, columns=2, seed=0):
    panel, _ = market(days=days, slots=slots, columns=columns, seed=seed)
    start = pl.datetime(FIRST.year, FIRST.month, FIRST.day)
    step = timedelta(minutes=1440 // slots)
    stamps = pl.select(pl.datetime_range(start, start + days * timedelta(days=1), step, closed="left")).to_series()
    exog = {f"exog_{j + 1}": panel.exog[j, :days].ravel() for j in range(columns)}
    return pl.DataFrame({"timestamp": stamps, "price": panel.prices.ravel(), **exog})


def walked(tmp_path, data, name="m", **options):
    source, out = tmp_path / f"{name}.parquet", tmp_path / f"{name}_out.parquet"
    data.write_parquet(source)
    run(source, out, options.pop("names", NAMES), jobs=1, **options)
    return pl.read_parquet(out)


def test_the_future_changes_nothing(tmp_path):
    data = frame()
    honest = walked(tmp_path, data, last_days=10)
    assert honest.height == 10 * 24
    day = data["timestamp"].dt.date().unique().sort()[165]
    random = np.random.default_rng(1)
    later = pl.col("timestamp").dt.date()
    # Prices from that day on and exogenous values after it are unknown when it is forecast.
    noise = pl.Series(random.normal(0, 500, data.height))
    poisoned = data.with_columns(
        price=pl.when(later >= day).then(noise).otherwise(pl.col("price")),
        exog_1=pl.when(later > day).then(noise).otherwise(pl.col("exog_1")),
        exog_2=pl.when(later > day).then(noise).otherwise(pl.col("exog_2")),
    )
    until = honest.filter(pl.col("timestamp").dt.date() <= day)
    found = walked(tmp_path, poisoned, "poisoned", last_days=10).filter(pl.col("timestamp").dt.date() <= day)
    assert found.equals(until)
    deleted = data.filter(later <= day)
    kept = deleted.with_columns(price=pl.when(later >= day).then(None).otherwise(pl.col("price")))
    again = walked(tmp_path, kept, "deleted", last_days=6)
    assert again.drop("fallback").equals(until.drop("fallback"))


def test_a_planted_leak_is_found(tmp_path, monkeypatch):
    data = frame()
    from energy_pipeline.forecasting.panel import Panel

    honest = Panel.before

    def leaky(self, origin):
        found = honest(self, origin)
        found.exog[0, -1] = self.prices[min(found.days, self.days - 1)]
        return found

    monkeypatch.setattr(Panel, "before", leaky)
    first = walked(tmp_path, data, last_days=3, names=NAMES[:1])
    day = data["timestamp"].dt.date().max() - timedelta(days=2)
    noise = data.with_columns(price=pl.when(pl.col("timestamp").dt.date() >= day).then(500.0).otherwise(pl.col("price")))
    assert not walked(tmp_path, noise, "noise", last_days=3, names=NAMES[:1])["forecast"].head(24).equals(first["forecast"].head(24))


def test_killed_and_called_again_gives_the_same_bytes(tmp_path, monkeypatch):
    data, names = frame(), ("lear_56", "xgboost")
    straight = walked(tmp_path, data, "straight", last_days=5, names=names)
    source, out = tmp_path / "k.parquet", tmp_path / "k_out.parquet"
    data.write_parquet(source)
    honest, calls = forecast_benchmark._compute, []

    def dies(*arguments):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(arguments[1:3])
        honest(*arguments)

    monkeypatch.setattr(forecast_benchmark, "_compute", dies)
    with pytest.raises(KeyboardInterrupt):
        run(source, out, names, last_days=5, jobs=1)
    assert not out.exists()
    assert len(list((tmp_path / "k_out.parquet.parts").glob("*.npz"))) == 2
    monkeypatch.setattr(forecast_benchmark, "_compute", lambda *a: calls.append(a[1:3]) or honest(*a))  # type: ignore[func-returns-value]
    run(source, out, names, last_days=5, jobs=1)
    assert len(calls) == len(set(calls))
    assert pl.read_parquet(out).equals(straight)
    assert not (tmp_path / "k_out.parquet.parts").exists()


@pytest.mark.slow
def test_two_workers_give_the_same(tmp_path):
    data = frame(days=80)
    names = ("lear_56", "krr_364")
    one = walked(tmp_path, data, "one", last_days=5, names=names)
    run(tmp_path / "one.parquet", tmp_path / "two.parquet", names, last_days=5, jobs=2)
    assert pl.read_parquet(tmp_path / "two.parquet").equals(one)


@pytest.mark.parametrize("case", ["constant", "no exogenous", "thirty days", "quarters", "wild", "one gap"])
def test_bad_input_gives_numbers_and_says_what_stood_in(tmp_path, case):
    data = frame(days=30 if case == "thirty days" else 110, slots=96 if case == "quarters" else 24)
    if case == "constant":
        data = data.with_columns(price=pl.lit(35.0))
    elif case == "no exogenous":
        data = data.with_columns(exog_1=pl.lit(None, dtype=pl.Float64), exog_2=pl.lit(None, dtype=pl.Float64))
    elif case == "wild":
        data = data.with_columns(price=pl.when(pl.int_range(pl.len()) % 50 == 0).then(3000.0).otherwise(pl.col("price") - 500))
    elif case == "one gap":
        data = data.with_columns(price=pl.when(pl.int_range(pl.len()) == 105 * 24 + 5).then(None).otherwise(pl.col("price")))
    found = walked(tmp_path, data, last_days=5, names=("lear_56", "krr_364a", "xgboost", "mlp"))
    numbers = found.select("forecast", *[c for c in found.columns if c.startswith("q0.")]).to_numpy()
    assert np.isfinite(numbers).all()
    assert (np.diff(numbers[:, 1:], axis=1) >= 0).all()
    assert found["forecast"].equals(found["q0.5"], check_names=False)
    around = found.select("mean", "ensemble").to_numpy()
    assert np.isfinite(around).all()
    assert ((around[:, 0] >= numbers[:, 1] - 1e-9) & (around[:, 0] <= numbers[:, -1] + 1e-9)).all()
    assert found.height == 5 * (96 if case == "quarters" else 24)
    assert found["fallback"].str.contains("without mlp").all()
    if case == "no exogenous":
        assert found["fallback"].str.contains("input exog_1 is unknown").all()
    if case == "thirty days":
        assert found["fallback"].str.contains("seasonal naive stands in").any()
    if case == "constant":
        assert found["forecast"].to_numpy() == pytest.approx(np.full(5 * 24, 35.0), abs=1e-6)


def test_a_file_in_another_format_is_told_everything():
    data = frame(days=20)
    with pytest.raises(SourceError, match="no column price"):
        market_panel(data.drop("price"), "m")
    odd = pl.concat([data.head(50), data.slice(49, 1), data.slice(100)])
    with pytest.raises(SourceError) as told:
        market_panel(odd, "m")
    assert all(text in str(told.value) for text in ("share a timestamp", "do not have 24 rows", "days are missing"))


def test_the_command(tmp_path):
    frame(days=70).write_parquet(tmp_path / "m.parquet")
    arguments = ["benchmark", "forecasts", "--data", str(tmp_path / "m.parquet"), "--out", str(tmp_path / "o.parquet"), "--last-days", "3"]
    found = CliRunner().invoke(app, [*arguments, "--models", "lear_56", "--jobs", "1"])
    assert found.exit_code == 0, found.output
    assert pl.read_parquet(tmp_path / "o.parquet").columns[:3] == ["timestamp", "forecast", "q0.01"]
    assert CliRunner().invoke(app, [*arguments, "--models", "nonsense"]).exit_code == 1


def test_the_tuning_command(tmp_path):
    frame(days=150).write_parquet(tmp_path / "m.parquet")
    tune = ["benchmark", "tune", "--data", str(tmp_path / "m.parquet"), "--skip-last-days", "20", "--folds", "1", "--fold-days", "2"]
    found = CliRunner().invoke(app, [*tune, "--grid", "depth=2,3"])
    assert found.exit_code == 0, found.output
    assert "depth=2" in found.output
    assert "depth=3" in found.output
    assert CliRunner().invoke(app, [*tune, "--grid", "leaves=2"]).exit_code == 1


@pytest.mark.parametrize("text", [False, True])
def test_stamps_of_another_clock_are_refused(text):
    stamps = pl.datetime_range(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 9, 23, tzinfo=UTC), "1h", eager=True)
    frame = pl.DataFrame({"timestamp": stamps.dt.strftime("%Y-%m-%dT%H:%M:%SZ") if text else stamps, "price": [1.0] * stamps.len()})
    with pytest.raises(SourceError, match=r"'timestamp' carries the zone .*convert_time_zone"):
        market_panel(frame, "m")
    naive = frame.with_columns(stamps.dt.replace_time_zone(None).alias("timestamp"))
    assert market_panel(naive, "m").days == 9


def test_a_market_as_text_is_read_and_a_bad_number_is_named():
    stamps = [f"2024-01-0{d} {h:02d}:00" for d in (1, 2) for h in range(24)]
    frame = pl.DataFrame({"timestamp": stamps, "price": ["1.125"] * 48})
    assert market_panel(frame, "m").prices.tolist() == [[1.125] * 24] * 2
    with pytest.raises(SourceError, match=r"row 1, column .price.: .1,5. is no number .a decimal comma"):
        market_panel(frame.with_columns(price=pl.lit("1,5")), "m")


@pytest.mark.parametrize("kept_as", ["rows dropped", "nulls in the grid"])
def test_a_grid_that_lost_most_prices_is_refused_with_the_share_known_per_day(tmp_path, kept_as):
    data = frame(days=40, slots=96)
    # As where values were de-duplicated: rounded prices, of equal ones only the first in a day stays.
    rounded = data.with_columns(pl.col("price").round(0), day=pl.col("timestamp").dt.date())
    first = pl.struct("day", "price").is_first_distinct()
    damaged = rounded.filter(first) if kept_as == "rows dropped" else rounded.with_columns(price=pl.when(first).then("price"))
    damaged.drop("day").write_parquet(tmp_path / "m.parquet")
    with pytest.raises(
        SourceError, match=r"prices are complete on 0 of 40 days; share of prices known per day: lowest \d+%, middle \d+%, highest \d+%"
    ):
        run(tmp_path / "m.parquet", tmp_path / "o.parquet", ("lear_56",), last_days=5, jobs=1)
    assert not (tmp_path / "o.parquet.parts").exists()


def test_a_history_with_a_late_start_and_scattered_gaps_is_not_called_damaged():
    data = frame(days=60)
    day = pl.int_range(pl.len()) // 24
    late = data.with_columns(price=pl.when((day >= 40) & (pl.int_range(pl.len()) % 100 != 7)).then("price"))
    assert market_panel(late, "m").days == 60


def test_hours_before_a_change_to_quarters_are_not_called_damaged_but_named():
    hourly, quarters = frame(days=60), frame(days=65, slots=96)
    both = pl.concat([hourly, quarters.filter(pl.col("timestamp") > hourly["timestamp"].max()).filter(pl.col("timestamp").dt.day() > 0)])
    with pytest.raises(SourceError, match="the market's unit changed"):
        market_panel(both.filter(pl.col("timestamp").dt.date() != hourly["timestamp"].dt.date().max()), "m")


def test_holidays_of_a_place_without_a_calendar_are_refused(tmp_path):
    frame(days=40).write_parquet(tmp_path / "m.parquet")
    arguments = ["benchmark", "forecasts", "--data", str(tmp_path / "m.parquet"), "--out", str(tmp_path / "o.parquet"), "--holidays", "DE,XX,DE-QQ"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 1
    assert "XX, DE-QQ" in found.output


def test_a_holiday_counts_as_a_sunday_in_the_walk(tmp_path):
    frame(days=100).write_parquet(tmp_path / "m.parquet")
    for name, places in (("plain", ()), ("own", ("DE",))):
        run(tmp_path / "m.parquet", tmp_path / f"{name}.parquet", ("lear_56",), last_days=3, jobs=1, places=places)
    # Easter 2024 is in the window: another weekday to learn from gives another forecast.
    plain, own = (pl.read_parquet(tmp_path / f"{name}.parquet")["forecast"] for name in ("plain", "own"))
    assert not plain.equals(own)


class _Counted:
    """A network that says what it was fitted from: its day, and the fit before."""

    name, history_days, window_days, refit_days, restart_days = "network", 30, 60, 7, 28

    def __init__(self, earlier=b"", fits=None):
        self.earlier, self.fits = earlier, [] if fits is None else fits

    def after(self, earlier):
        return _Counted(earlier, self.fits)

    def fit(self, panel):
        self.fits.append(panel.origin)
        return self.earlier + panel.origin.isoformat().encode() + b" "

    def predict(self, _panel, fitted):
        return np.full(24, float(len(fitted.split())))


def test_a_warm_started_fit_hangs_on_the_calendar_alone(monkeypatch):
    from energy_pipeline.forecasting import committee, walk

    panel, _ = market(days=140)
    member = _Counted()
    monkeypatch.setattr(walk, "members", lambda _: [member])
    first, last = FIRST + timedelta(days=100), FIRST + timedelta(days=139)
    together = list(walk.member_days(panel, first, last, ["network"]))
    assert len(member.fits) == len(set(member.fits))
    for i in (0, 9, 27, 39):
        member.fits.clear()
        day = first + timedelta(days=i)
        (alone,) = walk.member_days(panel, day, day, ["network"])
        assert alone.values["network"].tolist() == together[i].values["network"].tolist()
        assert len(member.fits) == alone.values["network"][0] == 1 + (day.toordinal() % 28) // 7
    assert member.restart_days <= committee.LAST_FIT_DAYS
