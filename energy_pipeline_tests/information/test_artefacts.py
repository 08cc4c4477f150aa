"""The artefact store and its keys."""

import numpy as np

from energy_pipeline.information.artefacts import ArtefactStore, MemoryArtefacts, artefact_key, fetch


def test_fitted_once_then_read():
    store: ArtefactStore = MemoryArtefacts()
    fits = []

    def fit() -> bytes:
        fits.append(1)
        return b"bytes"

    first = fetch(store, "arima", "key", fit)
    assert fetch(store, "arima", "key", fit) == first
    assert len(fits) == 1
    assert fetch(store, "arima", "other key", fit) == first
    assert len(fits) == 2


def test_the_key_changes_with_one_bit_of_data_or_settings():
    X = np.arange(6.0).reshape(2, 3)
    changed = X.copy()
    changed[1, 2] = np.nextafter(5.0, 6.0)
    keys = {artefact_key("a", X), artefact_key("b", X), artefact_key("a", changed), artefact_key("a", X.T), artefact_key("a", X, X)}
    assert len(keys) == 5
    assert artefact_key("a", X) == artefact_key("a", X.copy())
