"""Holidays count as Sundays, bridge days as Saturdays, by country; a place nobody knows is refused."""

from datetime import date

import pytest
import yaml

from energy_pipeline.domain.errors import DeskError
from energy_pipeline.domain.public_holidays import is_holiday
from energy_pipeline.features.calendar import day_kinds
from energy_pipeline_tests.renewables.hand_made import TINY, tiny_desk


@pytest.mark.parametrize(
    ("place", "day", "kind"),
    [
        ("DE", date(2019, 10, 3), 6),  # unification, a Thursday
        ("DE", date(2019, 10, 4), 5),  # the Friday after it
        ("FR", date(2019, 10, 3), 3),
        ("FR", date(2019, 8, 15), 6),  # Assumption: France, and the Saar of Germany
        ("DE", date(2019, 8, 15), 3),
        ("DE-SL", date(2019, 8, 15), 6),
        ("IT", date(2019, 4, 26), 5),  # between Liberation Day and the weekend
        ("ES", date(2019, 4, 19), 6),  # Good Friday
        ("DE", date(2019, 4, 28), 6),  # an ordinary Sunday
    ],
)
def test_a_day_counts_as_what_people_do_on_it(place, day, kind):
    assert day_kinds([place], day, 1).tolist() == [kind]


def test_several_countries_must_all_stay_at_home():
    assert is_holiday(("DE", "FR"), date(2019, 12, 25))
    assert not is_holiday(("DE", "FR"), date(2019, 7, 14))
    assert day_kinds([], date(2019, 1, 1), 3) is None


def test_an_unknown_place_is_named():
    zones = yaml.safe_load(TINY.read_text(encoding="utf-8"))["zones"]
    with pytest.raises(DeskError, match="no public holidays are known of XX, DE-XX"):
        tiny_desk(zones={n: {**z, "holidays": ["XX", "DE-XX", "FR"]} for n, z in zones.items()})
