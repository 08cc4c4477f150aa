"""How a user's file is written: its marks, its clock, and which of its columns mean what.

What belongs here: the keys of the desk file that describe one file's text. What does not: which series
a file serves and when its rows are known (`sources`), or reading it (`reading`).
"""

from __future__ import annotations

import codecs
from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from energy_pipeline.desk.base import DeskModel, TimeZone

RowMinutes = Literal[5, 10, 15, 30, 60]
"""Lengths of a row that a file may have [min]: the one list for desk file, reader and `data_quality`."""
WeatherForm = Literal["tmy3", "epw", "pvgis_tmy", "pvgis_hourly", "nsrdb"]
"""Forms of weather files that pvlib reads."""
NUMBER_FORMATS = ("epoch_s", "epoch_ms", "excel")
"""`time.format` of columns that hold time as a number."""


class FileLayout(DeskModel):
    """Marks of a text file; a key left out is read as plain CSV, and refused where plain CSV is ambiguous."""

    separator: str | None = Field(None, min_length=1, max_length=1, description="Between cells; else the one of , ; tab | that the header uses most.")
    decimal: Literal[".", ","] | None = Field(None, description="Decimal mark. Say it where `45.123` could be 45 thousand.")
    thousands: Literal[".", ",", " ", "'"] | None = Field(None, description="Mark between groups of three digits; a space is any kind of space.")
    encoding: str | None = Field(None, description="Such as windows-1252 or utf-16; else UTF-8, with or without byte order mark.")
    skip_rows: int = Field(0, ge=0, le=1000, description="Lines before the header line.")
    skip_after_header: int = Field(0, ge=0, le=100, description="Lines between the header and the first row of data, such as a line of units.")
    weather_file: WeatherForm | None = Field(
        None, description="A weather file of this form, read by pvlib into time_utc, ghi_w_m2, dni_w_m2, dhi_w_m2, temperature_c, wind_speed_ms, ..."
    )
    year: int | None = Field(None, ge=1970, le=2100, description="Calendar year that a typical year (tmy3, epw, pvgis_tmy) stands for.")
    null_words: tuple[str, ...] = Field((), description="Further words that say `no value`, beside empty, -, n/e, N/A, NA, nan, null.")

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str | None) -> str | None:
        try:
            return encoding if encoding is None else codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"{encoding!r} is no encoding; such as utf-8, utf-16, windows-1252, iso-8859-1") from None

    @model_validator(mode="after")
    def _marks(self) -> FileLayout:
        if self.thousands is not None and self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; they must differ")
        return self

    @property
    def layout(self) -> FileLayout:
        """These keys alone: what a file opened with them is kept under."""
        return FileLayout(**{name: getattr(self, name) for name in FileLayout.model_fields})

    @property
    def decimal_mark(self) -> str:
        """The decimal mark: as stated, or what a dot between thousands leaves."""
        return self.decimal or ("," if self.thousands == "." else ".")


class TimeLabel(DeskModel):
    """How the file writes time."""

    column: str = Field(description="Column of the file that holds time, or the date where the hour stands in a column of its own.")
    hour_column: str | None = Field(
        None, description="Column of the clock time (00:00, 02:00 - 03:00) or of the hour's number (0..23, 1..24, 1..25)."
    )
    interval_column: str | None = Field(None, description="Column of the interval's number within the hour, from 1 (ERCOT's DeliveryInterval).")
    repeated_column: str | None = Field(
        None, description="Column that tells the two passes of the hour repeated in autumn apart (DSTFlag, A/B, CEST/CET); any words."
    )
    clock: Literal["utc", "local", "fixed"] | None = Field(
        None, description="utc, local (an IANA zone in `zone`), or fixed (+01:00 in `offset`); needed where values carry no zone of their own."
    )
    zone: TimeZone | None = Field(None, description="IANA zone for clock: local.")
    offset: str | None = Field(None, description="Such as +01:00 for clock: fixed.", pattern=r"^[+-]\d{2}:\d{2}$")
    label: Literal["start", "end", "range", "number"] = Field(
        "start", description="What time names: an interval's start or end, both (`00:00 - 01:00`), or its number in the local day, from 1."
    )
    format: str | None = Field(
        None, description="strptime format of text (ISO when absent), of each end of a range; or epoch_s, epoch_ms, excel for numbers."
    )

    @model_validator(mode="after")
    def _clock(self) -> TimeLabel:
        for clock, name in (("local", "zone"), ("fixed", "offset")):
            if (self.clock == clock) != (getattr(self, name) is not None):
                raise ValueError(f"`{name}` belongs to clock {clock}, and clock {clock} needs it")
        if self.label == "number" and self.hour_column is None:
            raise ValueError("label number needs `hour_column`, the column of the number; `column` is its date")
        if self.interval_column is not None and self.hour_column is None:
            raise ValueError("`interval_column` counts within the hour of `hour_column`, which is missing")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the file that says something about time."""
        return tuple(c for c in (self.column, self.hour_column, self.interval_column, self.repeated_column) if c is not None)


class ValueMap(DeskModel):
    """Which file columns become which contract column: sum of `columns` x factor + offset."""

    columns: tuple[str, ...] = Field(min_length=1, description="Columns of the file that are added up.")
    factor: float = Field(1.0, description="The sum times this, to come to the contract's unit.")
    offset: float = Field(0.0, description="Added after the factor, in the contract's unit.")
    null_in_sum: Literal["is_null", "is_zero"] = Field("is_null", description="A null summand makes the sum null, or counts as 0.")
    zero_is_outage: bool = Field(False, description="A value of exactly 0 means the source was out: read it as null.")
    clip_negative: bool = Field(False, description="Small negative own consumption is read as 0.")


class FilePart(FileLayout):
    """One file serving a span of delivery days; parts of a series are spliced by date."""

    path: str = Field(min_length=1, description="Below ENERGY_PIPELINE_DATA, or absolute. Parquet or CSV.")
    where: dict[str, str] = Field(default_factory=dict, description="Rows to keep: column equals value.")
    time: TimeLabel = Field(description="How this file writes time.")
    values: dict[str, ValueMap] = Field(min_length=1, description="Contract column -> file columns.")
    first_day: date | None = Field(None, description="First delivery day served.")
    last_day: date | None = Field(None, description="Last delivery day served.")

    @model_validator(mode="after")
    def _span(self) -> FilePart:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError(f"last_day {self.last_day} is before first_day {self.first_day}: the part serves no day")
        return self
