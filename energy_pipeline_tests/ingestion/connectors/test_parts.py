"""Wind in two files is their sum, and only where both have a value."""

import json
from dataclasses import dataclass
from datetime import date

from energy_pipeline.ingestion.connectors import connector_of, parts
from energy_pipeline.ingestion.connectors.contract import Asked, NotYet, Parsed, Rows
from energy_pipeline_tests.ingestion.connectors.recordings import answered

DAY = date(2025, 6, 4)


@dataclass(frozen=True)
class Look:
    parsed: Parsed


def looks(values):
    """One look a file of SMARD's wind: onshore, then offshore, from MWh of the quarter; None is not there yet."""
    asked = Asked("generation_actual", (("zone", "DE_LU"), ("technology", "wind")), "generation_actual")
    found = []
    for request, mwh in zip(connector_of("smard").requests(asked, DAY, DAY) * 2, values, strict=False):
        start = int(request.start.timestamp() * 1000)
        series = [[start + 900_000 * i, v] for i, v in enumerate(mwh)]
        found.append(Look(answered(request, json.dumps({"meta_data": {}, "series": series}).encode())))
    return found


def test_one_part_alone_is_no_value_and_no_word_on_when_the_sum_was_there():
    assert list(parts.joined(looks([[1.0, 2.0]]))) == []
    (only,) = parts.joined(looks([[1.0, 2.0], [None, None]]))
    assert only.parsed == NotYet("2 values of the week are not there yet")


def test_the_sum_holds_where_both_parts_are_known():
    *_, last = parts.joined(looks([[1.0, 2.0, 3.0], [10.0, None, 30.0]]))
    assert isinstance(last.parsed, Rows)
    assert last.parsed.frame["generation_mw"].to_list() == [44.0, 132.0]
    assert last.parsed.frame.columns == ["technology", "delivery_start", "resolution_minutes", "generation_mw"]


def test_a_correction_of_one_part_corrects_the_sum():
    found = [look.parsed for look in parts.joined(looks([[1.0], [10.0], [2.0], [10.0]]))]
    assert [f.frame["generation_mw"].to_list() for f in found] == [[44.0], [48.0], [48.0]]


def test_answers_in_one_piece_pass_as_they_are():
    whole = Look(NotYet("nothing"))
    assert list(parts.joined([whole])) == [whole]
