"""Power curves that a desk file names as files beside it.

What belongs here: a CSV of wind speed and power in, pairs of m/s and MW out, put in the place of the file's name. What
does not: whether the curve can be (the engine says), the rest of the desk file (`load`).
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from energy_pipeline.domain.errors import DeskError

SPEED = "wind_speed_ms"
POWERS = {"power_mw": 1.0, "power_kw": 1e-3, "power_w": 1e-6}


def read_curves(plants: Any, folder: Path, place: str = "plants.") -> list[str]:  # noqa: ANN401 - parsed YAML
    """Put points in the place of every `power_curve` that is a path; what cannot be read is returned in words, and taken out.

    Parameters
    ----------
    plants : parsed YAML
        Plants by name; changed in place.
    folder : Path
        Where the desk file lies.
    """
    problems = []
    for name, plant in plants.items() if isinstance(plants, dict) else ():
        if not isinstance(plant, dict) or not isinstance(plant.get("power_curve"), str):
            continue
        try:
            plant["power_curve"] = curve_of(folder / plant["power_curve"])
        except DeskError as error:
            problems += [f"{place}{name}.power_curve: {problem}" for problem in error.problems]
            del plant["power_curve"]
    return problems


def curve_of(path: Path) -> list[list[float]]:
    """Pairs of wind speed [m/s] and power of one machine [MW], by speed.

    The first line names the columns: `wind_speed_ms`, and `power_mw`, `power_kw` or `power_w`. Columns are apart by
    commas, semicolons or tabs; lines that begin with # are left out.

    Raises
    ------
    DeskError
        Naming the file, and what is wrong with it.
    """
    try:
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip() and not line.startswith("#")]
    except (OSError, UnicodeDecodeError) as error:
        raise DeskError(str(path), [f"{path} cannot be read: {error}"]) from error
    mark = next((m for m in (";", "\t") if lines and m in lines[0]), ",")
    try:
        header, *rows = list(csv.reader(lines, delimiter=mark)) or [[]]
    except csv.Error as error:
        raise DeskError(str(path), [f"{path} cannot be read: {error}"]) from error
    names = [cell.strip().lower() for cell in header]
    power = next((p for p in POWERS if p in names), None)
    if SPEED not in names or power is None:
        raise DeskError(str(path), [f"{path}: columns {', '.join(names) or 'none'}; needed are {SPEED} and one of {', '.join(POWERS)}"])
    found, problems = list[list[float]](), list[str]()
    for number, row in enumerate(rows, 2):
        if any(cell.strip() for cell in row[len(names) :]):  # a decimal comma between commas would be read as two numbers
            problems.append(f"{path}: row {number}: {mark.join(row)!r} has {len(row)} cells, the head has {len(names)}: decimal commas need ';'")
            continue
        try:
            speed, made = (float(row[names.index(column)].strip().replace(",", ".")) for column in (SPEED, power))
        except (ValueError, IndexError):
            problems.append(f"{path}: row {number}: {mark.join(row)!r} is no pair of numbers")
            continue
        found.append([speed, made * POWERS[power]])
    if problems or len(found) < 2:
        raise DeskError(str(path), problems or [f"{path}: {len(found)} row(s); a curve needs two or more"])
    return sorted(found)
