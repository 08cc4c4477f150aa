"""The artefact store and its keys."""

from datetime import date

import numpy as np

from energy_pipeline.information.artefacts import ArtefactStore, Bundle, MemoryArtefacts, artefact_key, fetch

TODAY = Bundle("FR", date(2026, 3, 1))


def test_fitted_once_then_read():
    store: ArtefactStore = MemoryArtefacts()
    fits = []

    def fit() -> bytes:
        fits.append(1)
        return b"bytes"

    first = fetch(store, TODAY, "arima", "key", fit)
    assert fetch(store, TODAY, "arima", "key", fit) == first
    assert len(fits) == 1
    assert fetch(store, TODAY, "arima", "other key", fit) == first
    assert len(fits) == 2


def test_the_key_changes_with_one_bit_of_data_or_settings():
    X = np.arange(6.0).reshape(2, 3)
    changed = X.copy()
    changed[1, 2] = np.nextafter(5.0, 6.0)
    keys = {artefact_key("a", X), artefact_key("b", X), artefact_key("a", changed), artefact_key("a", X.T), artefact_key("a", X, X)}
    assert len(keys) == 5
    assert artefact_key("a", X) == artefact_key("a", X.copy())
