"""What reaches the cells of what reaches the plane: cover glass, sky hidden by the next row.

What belongs here: tables of the cover's transmission and of the visible sky, computed once
per kind of plant. What does not: their use per interval (`kernel`).

De Soto, Klein and Beckman 2006 with Duffie and Beckman's equivalent angles for sky and
ground; inter-row sky after Deline et al. 2013.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

GLASS_INDEX, COATING_INDEX = 1.526, 1.3
EXTINCTION_PER_M, GLASS_M = 4.0, 0.002
COATING_M = GLASS_M / 100.0
BEAM_NODES = 2049
"""Beam transmission over cos(incidence) from 0 to 1."""
TILT_STEP_DEG = 0.25
TILT_NODES = 361
"""Sky and ground transmission, and visible sky, over tilt from 0 to 90 degrees."""


class Cover(NamedTuple):
    """Transmission relative to normal incidence: beam (BEAM_NODES,), sky and ground (TILT_NODES,)."""

    beam: FloatArray
    sky: FloatArray
    ground: FloatArray


def transmission(incidence_deg: FloatArray, index: float, index_before: float, thickness_m: float) -> tuple[FloatArray, FloatArray]:
    """Share that passes one layer (Fresnel, then Bouguer) and the angle inside it [degrees]."""
    outside = np.radians(incidence_deg)
    inside = np.arcsin(index_before / index * np.sin(outside))
    minus, plus = inside - outside, inside + outside
    reflected = 0.5 * ((np.sin(minus) / np.sin(plus)) ** 2 + (np.tan(minus) / np.tan(plus)) ** 2)
    return (1.0 - reflected) * np.exp(-EXTINCTION_PER_M * thickness_m / np.cos(inside)), np.degrees(inside)


@lru_cache(maxsize=1)
def coated_glass() -> Cover:
    """Glass with anti-reflective coating as PVWatts v8 has it.

    SAM normalises by the coating's times the BARE glass's transmission at normal incidence and
    caps the ratio at 1; sky and ground pass bare glass. Kept so, because it is what SAM does.
    """
    tilt: FloatArray = TILT_STEP_DEG * np.arange(TILT_NODES, dtype=np.float64)
    coating, inside = transmission(np.array([1.0]), COATING_INDEX, 1.0, COATING_M)
    normal = float((coating * transmission(inside, GLASS_INDEX, 1.0, GLASS_M)[0])[0])
    angle = np.clip(np.degrees(np.arccos(np.linspace(0.0, 1.0, BEAM_NODES))), 1.0, 89.0)
    through, inside = transmission(angle, COATING_INDEX, 1.0, COATING_M)
    beam = through * transmission(inside, GLASS_INDEX, COATING_INDEX, GLASS_M)[0]
    sky, ground = (transmission(angle, GLASS_INDEX, 1.0, GLASS_M)[0] for angle in _equivalent_deg(tilt))
    return Cover(*(np.ascontiguousarray(np.minimum(part / normal, 1.0)) for part in (beam, sky, ground)))


@lru_cache(maxsize=1)
def bare_glass() -> Cover:
    """Uncoated glass: pvlib's `iam.physical` on the beam, and at the equivalent angles of sky and ground."""
    tilt: FloatArray = TILT_STEP_DEG * np.arange(TILT_NODES, dtype=np.float64)
    angle = np.degrees(np.arccos(np.linspace(0.0, 1.0, BEAM_NODES)))
    angle[-1] = 1e-4
    beam = transmission(np.minimum(angle, 89.9999), GLASS_INDEX, 1.0, GLASS_M)[0]
    # At normal incidence Fresnel's quotient is 0/0; its limit is below.
    normal = (1.0 - ((GLASS_INDEX - 1.0) / (GLASS_INDEX + 1.0)) ** 2) * np.exp(-EXTINCTION_PER_M * GLASS_M)
    beam[-1], beam[0] = normal, 0.0
    sky, ground = (transmission(angle, GLASS_INDEX, 1.0, GLASS_M)[0] for angle in _equivalent_deg(tilt))
    return Cover(*(np.ascontiguousarray(part / normal) for part in (beam, sky, ground)))


def beam_only(cover: Cover) -> Cover:
    """The same cover for the beam; sky and ground pass whole, as in pvlib's ModelChain."""
    return Cover(cover.beam, np.ones(TILT_NODES), np.ones(TILT_NODES))


def _equivalent_deg(tilt_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Angles at which beam would lose what sky and ground light loses (Duffie and Beckman 5.4)."""
    return 59.7 - 0.1388 * tilt_deg + 0.001497 * tilt_deg**2, np.minimum(90.0 - 0.5788 * tilt_deg + 0.002693 * tilt_deg**2, 89.999)


@lru_cache(maxsize=128)
def visible_sky(ground_coverage_ratio: float) -> FloatArray:
    """Share of the sky seen by a tilted row that stays visible past the next row, mean over the row; by tilt."""
    steps = 250
    tilt = np.radians(TILT_STEP_DEG * np.arange(TILT_NODES))[1:, None]
    down = 1.0 - np.arange(steps)[None, :] / steps
    edge = np.arctan(1.0 / np.tan(tilt) - 1.0 / (ground_coverage_ratio * np.sin(tilt) * down)) - np.pi / 2.0
    turned = tilt + edge
    open_sky = np.pi + np.pi / np.sqrt(1.0 + np.tan(tilt) ** 2)
    seen = np.pi + np.pi / np.sqrt(1.0 + np.tan(turned) ** 2)
    seen = np.where(turned > np.pi / 2.0, 2.0 * np.pi - seen, seen)
    share = np.ones(TILT_NODES)
    share[1:] = np.minimum((seen / open_sky).sum(axis=1) / steps, 1.0)
    return np.ascontiguousarray(share)


class Air(NamedTuple):
    """Refraction [rad] at 1010 hPa and 10 C, and 1 / air mass of Perez's model and of De Soto's spectrum (2, n)."""

    bends: FloatArray
    masses: FloatArray


@lru_cache(maxsize=2)
def air(sam: bool) -> Air:
    """Tables of the atmosphere over the sine of the sun's height.

    Refraction (Solar Position Algorithm) over the square root of the sine above the horizon's, which is
    fine where refraction bends; air mass as its inverse, which is smooth. Kasten 1965 in SAM's Perez,
    Kasten and Young 1989 in pvlib's.
    """
    from energy_pipeline.mathematics.photovoltaics import kernel

    sine = (np.arange(int(kernel.BEND_SCALE * 1.01) + 1) / kernel.BEND_SCALE) ** 2 + kernel.BEND_START
    height = np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    bends = np.radians(1.02 / (60.0 * np.tan(np.radians(height + 10.3 / (height + 5.11)))))
    up = np.arange(int(kernel.MASS_SCALE) + 1) / kernel.MASS_SCALE
    zenith = np.degrees(np.arccos(up))
    perez = up + 0.15 * (93.9 - zenith) ** -1.253 if sam else up + 0.50572 * (96.07995 - zenith) ** -1.6364
    spectrum = up + 0.5057 * (96.080 - zenith) ** -1.634
    return Air(np.ascontiguousarray(bends), np.ascontiguousarray(np.vstack([perez, spectrum])))
