"""The bars on real series: hardly a false alarm, and every planted unit error found."""

import pytest

from energy_pipeline_tests.ingestion import plausibility_rates as rates

pytestmark = pytest.mark.skipif(not rates.DATA.is_dir(), reason="real data are not here: set ENERGY_PIPELINE_DATA")
NOT_FOUND = {"wind | knots | one day on"}
"""A season blows twice as hard as another: of a switch to knots a meter tells more (`doctor`)."""


@pytest.fixture(scope="module")
def found():
    return list(rates.real_series())


def test_real_series_give_less_than_one_false_alarm_in_a_thousand_days(found):
    told = [rates.false_alarms(series)[:2] for series in found]
    alarms, days = (sum(column) for column in zip(*told, strict=True))
    assert days > 150_000
    assert 1000 * alarms / days < 1.0


def test_every_planted_unit_error_is_found(found):
    few = [series for i, series in enumerate(found) if i % 4 == 0]
    table = dict(rates.seeded_table(few))
    assert len(table) > 15
    missed = {words: [t.series for t in told if not t.found] for words, told in table.items() if words not in NOT_FOUND}
    assert {words: names for words, names in missed.items() if names} == {}
