"""Areas of the platform: code, calendar and what its documents must hold.

What belongs here: facts of areas, as data. What does not: anything computed.

Source: the platform's code lists (EIC) and the answers of its interface.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Area:
    """One bidding zone.

    Attributes
    ----------
    code : str
        Energy identification code.
    time_zone : str
        Of its days, weeks and years.
    sequence : bool
        Its day-ahead prices hold a second auction: the first sequence must be asked for by number.
    wind_types : tuple of str
        Types of production that all belong into its wind (B18 offshore, B19 onshore): one alone is not the zone's wind.
    """

    code: str
    time_zone: str = "Europe/Berlin"
    sequence: bool = False
    wind_types: tuple[str, ...] = ()


_OFFSHORE = ("B18", "B19")
AREAS: dict[str, Area] = {
    "DE_LU": Area("10Y1001A1001A82H", "Europe/Berlin", sequence=True, wind_types=_OFFSHORE),
    "AT": Area("10YAT-APG------L", "Europe/Vienna", sequence=True),
    "FR": Area("10YFR-RTE------C", "Europe/Paris"),
    "BE": Area("10YBE----------2", "Europe/Brussels", wind_types=_OFFSHORE),
    "NL": Area("10YNL----------L", "Europe/Amsterdam", wind_types=_OFFSHORE),
    "CH": Area("10YCH-SWISSGRIDZ", "Europe/Zurich"),
    "CZ": Area("10YCZ-CEPS-----N", "Europe/Prague"),
    "PL": Area("10YPL-AREA-----S", "Europe/Warsaw"),
    "DK1": Area("10YDK-1--------W", "Europe/Copenhagen", wind_types=_OFFSHORE),
    "DK2": Area("10YDK-2--------M", "Europe/Copenhagen", wind_types=_OFFSHORE),
    "ES": Area("10YES-REE------0", "Europe/Madrid"),
    "PT": Area("10YPT-REN------W", "Europe/Lisbon"),
    "IT_NORD": Area("10Y1001A1001A73I", "Europe/Rome"),
    "IT_CNOR": Area("10Y1001A1001A70O", "Europe/Rome"),
    "IT_CSUD": Area("10Y1001A1001A71M", "Europe/Rome"),
    "IT_SUD": Area("10Y1001A1001A788", "Europe/Rome"),
    "IT_SICI": Area("10Y1001A1001A75E", "Europe/Rome"),
    "IT_SARD": Area("10Y1001A1001A74G", "Europe/Rome"),
    "SI": Area("10YSI-ELES-----O", "Europe/Ljubljana"),
    "HR": Area("10YHR-HEP------M", "Europe/Zagreb"),
    "HU": Area("10YHU-MAVIR----U", "Europe/Budapest"),
    "SK": Area("10YSK-SEPS-----K", "Europe/Bratislava"),
    "RO": Area("10YRO-TEL------P", "Europe/Bucharest"),
    "BG": Area("10YCA-BULGARIA-R", "Europe/Sofia"),
    "GR": Area("10YGR-HTSO-----Y", "Europe/Athens"),
    "NO1": Area("10YNO-1--------2", "Europe/Oslo"),
    "NO2": Area("10YNO-2--------T", "Europe/Oslo"),
    "NO3": Area("10YNO-3--------J", "Europe/Oslo"),
    "NO4": Area("10YNO-4--------9", "Europe/Oslo"),
    "NO5": Area("10Y1001A1001A48H", "Europe/Oslo"),
    "SE1": Area("10Y1001A1001A44P", "Europe/Stockholm"),
    "SE2": Area("10Y1001A1001A45N", "Europe/Stockholm"),
    "SE3": Area("10Y1001A1001A46L", "Europe/Stockholm"),
    "SE4": Area("10Y1001A1001A47J", "Europe/Stockholm"),
    "FI": Area("10YFI-1--------U", "Europe/Helsinki"),
    "EE": Area("10Y1001A1001A39I", "Europe/Tallinn"),
    "LV": Area("10YLV-1001A00074", "Europe/Riga"),
    "LT": Area("10YLT-1001A0008Q", "Europe/Vilnius"),
}
"""Areas by the name a desk file uses."""

BY_CODE = {area.code: area for area in AREAS.values()}
EIC = r"10Y[0-9A-Z-]{12}[0-9A-Z]"
"""How an area's code is written."""
