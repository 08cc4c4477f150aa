"""Places that weather is forecast or observed at.

What belongs here: the model of a place under `weather` in the desk file. What does not: the plants there (`plants`), weather series (`sources`).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from energy_pipeline.desk.base import DeskModel


class WeatherLocation(DeskModel):
    """A place weather is forecast or observed at."""

    latitude_deg: float = Field(ge=-90, le=90, description="North is positive [degrees].")
    longitude_deg: float = Field(ge=-180, le=180, description="East is positive [degrees].")
    wind_height_m: float = Field(10.0, gt=0, le=300, description="Height above ground of `wind_speed_ms` [m]; stated wherever a wind plant stands.")
    further_wind_heights_m: tuple[Annotated[float, Field(gt=0, le=300)], ...] = Field(
        (), max_length=2, description="Heights of `wind_speed_2_ms` and `wind_speed_3_ms` [m]; hub wind is made from the two heights around the hub."
    )

    @model_validator(mode="after")
    def _distinct(self) -> WeatherLocation:
        if len({self.wind_height_m, *self.further_wind_heights_m}) <= len(self.further_wind_heights_m):
            raise ValueError("further_wind_heights_m: every height is another one, and none is wind_height_m")
        return self

    def wind_columns(self) -> dict[float, str]:
        """Column of the weather tables by height, ascending.

        >>> WeatherLocation(latitude_deg=50, longitude_deg=8, wind_height_m=100, further_wind_heights_m=(10,)).wind_columns()
        {10.0: 'wind_speed_2_ms', 100.0: 'wind_speed_ms'}
        """
        names = ("wind_speed_ms", "wind_speed_2_ms", "wind_speed_3_ms")
        return dict(sorted(zip((self.wind_height_m, *self.further_wind_heights_m), names, strict=False)))
