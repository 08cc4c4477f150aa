"""Quantiles by sorting against numpy's own, to the last bit."""

import numpy as np
import pytest

from energy_pipeline.mathematics.statistics.quantiles import sample_quantiles

LEVELS = np.array([0.0, 0.01, 0.25, 1 / 3, 0.5, 2 / 3, 0.9, 0.999, 1.0])


@pytest.mark.parametrize("count", [1, 2, 3, 24, 93, 400])
def test_they_are_numpys_to_the_last_bit(count):
    rng = np.random.default_rng(count)
    for size in (1e-3, 1.0, 1e4):
        values = rng.standard_normal((7, count)) * size
        values[1] = values[1].round(1) + 0.0  # ties; of -0.0 and 0.0 either may come
        values[2, 0] = np.nan
        for given in (values, values[:, ::-1], np.asfortranarray(values), values[2], values[3]):
            assert sample_quantiles(given, LEVELS).tobytes() == np.quantile(given, LEVELS, axis=-1).tobytes()


def test_what_is_given_stays_as_it_is():
    values = np.array([3.0, 1.0, 2.0])
    sample_quantiles(values, LEVELS)
    assert values.tolist() == [3.0, 1.0, 2.0]


def test_nothing_has_no_quantiles():
    with pytest.raises(ValueError, match="no values"):
        sample_quantiles(np.empty((2, 0)), LEVELS)
