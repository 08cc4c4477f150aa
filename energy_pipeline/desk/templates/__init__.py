"""Desk templates: ready entries for a desk file, to be copied or added to a desk in code.

What belongs here: YAML fragments with ZONE and PLANT to fill in, and adding one to a desk. What does not:
whole desks (`demo.yaml`), what entries are worth (flexibility).
"""

from __future__ import annotations

from pathlib import Path

from energy_pipeline.desk.load import desk_from
from energy_pipeline.desk.model import Desk
from energy_pipeline.desk.written import read_yaml
from energy_pipeline.domain.errors import DeskError

TEMPLATES = ("duck_curve", "curtailment", "rec_arbitrage", "grid_services")


def template_text(name: str) -> str:
    """The fragment as it ships.

    Raises
    ------
    DeskError
    """
    if name not in TEMPLATES:
        raise DeskError(f"template {name}", [f"is not one of {', '.join(TEMPLATES)}"])
    return Path(__file__).with_name(f"{name}.yaml").read_text(encoding="utf-8")


def with_template(desk: Desk, name: str, zone: str, plant: str | None = None) -> Desk:
    """The desk with a template's entries added, checked like any desk file.

    Parameters
    ----------
    zone : str
        For ZONE.
    plant : str, optional
        For PLANT, where the template needs one.

    Raises
    ------
    DeskError
        No such template, a zone or plant that is not the desk's, or a name that is taken.

    Examples
    --------
    >>> from energy_pipeline.desk import demo_desk_path, load_desk
    >>> desk = with_template(load_desk(demo_desk_path()), "rec_arbitrage", "NORTH", "coast_wind")
    >>> desk.rights["rec_generation"].zone
    'NORTH'
    """
    text = template_text(name)
    if "PLANT" in text and plant is None:
        raise DeskError(f"template {name}", ["needs a plant of the desk: give plant="])
    added = read_yaml(text.replace("ZONE", zone).replace("PLANT", plant or "")).data
    data = desk.model_dump(mode="json", exclude_unset=True)
    taken = [f"{section}.{entry} is already in the desk" for section in added for entry in added[section] if entry in data.get(section, {})]
    if taken:
        raise DeskError(f"template {name}", taken)
    return desk_from({**data, **{section: {**data.get(section, {}), **added[section]} for section in added}}, f"{desk.name} with template {name}")
