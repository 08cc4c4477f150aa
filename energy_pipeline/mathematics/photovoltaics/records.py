"""What the fused pass is handed: a plant in numbers, its tables, the weather, and Perez' coefficients.

What belongs here: layouts and coefficients that are arguments of the kernel. What does not: constants compiled into
it (`kernel`): a cached kernel is made anew only when its own file or its arguments' layout changes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

PLANT = np.dtype(
    [
        *(
            (name, np.float64)
            for name in (
                "sin_lat",
                "cos_lat",
                "sin_lon",
                "cos_lon",
                "altitude_factor",
                "dc_mw",
                "ac_mw",
                "tilt_rad",
                "azimuth_rad",
                "limit_rad",
                "gcr",
                "beta_per_c",
                "module_beta_per_c",
                "noct_c",
                "kept",
                "soil_kept",
                "inverter_efficiency",
                "ac_kept",
                "albedo",
                "module_efficiency",
                "pressure_hpa",
                "row_count",
                "row_side_m",
                "row_length_m",
            )
        ),
        *((name, np.int64) for name in ("sun_rule", "cell_model")),
        *((name, np.bool_) for name in ("short_row", "tracked", "backtrack", "shaded", "sam")),
    ],
    align=True,
)
"""A plant in numbers. Shares are of what is left (`kept`), `gcr` is the ground coverage ratio, `beta` the power's temperature coefficient."""
DETAIL = ("ac_mw", "dc_mw", "plane_w_m2", "cell_c", "zenith_deg", "azimuth_deg", "incidence_deg", "dni_w_m2", "dhi_w_m2", "sunlit", "tilt_deg")
# Perez et al. 1990, all sites: with seven digits as SAM has them, rounded to three as printed and in pvlib.
PEREZ_SAM = np.array(
    [
        [-0.0083117, 0.5877285, -0.0620636, -0.0596012, 0.0721249, -0.0220216],
        [0.1299457, 0.6825954, -0.1513752, -0.0189325, 0.0659650, -0.0288748],
        [0.3296958, 0.4868735, -0.2210958, 0.0554140, -0.0639588, -0.0260542],
        [0.5682053, 0.1874525, -0.2951290, 0.1088631, -0.1519229, -0.0139754],
        [0.8730280, -0.3920403, -0.3616149, 0.2255647, -0.4620442, 0.0012448],
        [1.1326077, -1.2367284, -0.4118494, 0.2877813, -0.8230357, 0.0558651],
        [1.0601591, -1.5999137, -0.3589221, 0.2642124, -1.1272340, 0.1310694],
        [0.6777470, -0.3272588, -0.2504286, 0.1561313, -1.3765031, 0.2506212],
    ]
)
PEREZ_PRINTED = np.round(PEREZ_SAM, 3)


class Tables(NamedTuple):
    """What a plant looks up: Perez's coefficients, `optics.Cover` and visible sky, module efficiency, `optics.Air`."""

    coefficients: FloatArray
    beam_cover: FloatArray
    sky_cover: FloatArray
    ground_cover: FloatArray
    open_sky: FloatArray
    modules: FloatArray
    bends: FloatArray
    masses: FloatArray


class Weather(NamedTuple):
    """Weather of each interval; `albedo` and `snow_kept` may be empty. Of the irradiances only those of the weather's kind are read."""

    ghi: FloatArray
    dni: FloatArray
    dhi: FloatArray
    air_c: FloatArray
    wind: FloatArray
    albedo: FloatArray
    snow_kept: FloatArray
