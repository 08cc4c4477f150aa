"""The fused pass: one site's intervals from sun and weather to AC power, compiled.

What belongs here: the per-interval physics and nothing else; all of an interval is done
before the next, in double precision, with no state between intervals, so a day computed
alone has the same bytes as within a range. What does not: tables (`optics`, `cells`),
the sun from the Earth's centre (`astronomy`), packing of arguments (`chain`).

Sources: SAM PVWatts v8 (Dobos 2014 and later notes), Perez et al. 1990, De Soto et al. 2006,
Erbs et al. 1982, Anderson and Mikofski 2020, Deline et al. 2013, King et al. 2004 and 2007.
"""
# ruff: noqa: ANN001, ANN201, ANN202, C901, PLR0912, PLR0915 - compiled functions

# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

import numpy as np

from energy_pipeline.mathematics.compilation import kernel, part
from energy_pipeline.mathematics.photovoltaics.astronomy import SunTrack
from energy_pipeline.mathematics.photovoltaics.records import PLANT, Tables, Weather

# Weather kinds: which of the three irradiances are given.
DIRECT_AND_DIFFUSE, GLOBAL_ONLY, GLOBAL_AND_DIFFUSE, GLOBAL_AND_DIRECT = range(4)
MIDDLE, SUNLIT_MIDDLE, PVLIB_MIDDLE = range(3)
NOCT, NOCT_SAM, SAPM = range(3)
# Columns of the detail array.
HORIZON = -0.014543332
"""Sine of -0.8333 degrees: the sun's upper edge, refracted, on the horizon."""
PARALLAX_RAD = 8.794 / 3600.0 * np.pi / 180.0
DEG = 180.0 / np.pi
PEREZ_EDGES = np.array([1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2])
PEREZ_CUBE_SAM = 5.534e-6 * DEG**3
# Scales of the tables that `optics.air` makes.
BEND_START, BEND_SCALE, MASS_SCALE = -0.0145443, 2048.0, 4096.0


@part
def _at(table, x):
    """Linear reading of a table whose nodes are 0, 1, 2, ...; x must be inside."""
    k = int(x)
    k = min(k, table.shape[0] - 2)
    f = x - k
    return table[k] + f * (table[k + 1] - table[k])


@part
def _sun_of_site(cosine, sine, polar, half, c, s, sin_lat, cos_lat, sin_lon, cos_lon, rule):
    """(up, cos d cos H, cos d sin H, sunlit) in the middle of the interval or of its sunlit part; no refraction."""
    a = cosine * cos_lon - sine * sin_lon
    b = sine * cos_lon + cosine * sin_lon
    up = sin_lat * polar + cos_lat * a
    if rule == MIDDLE:
        return up, a, b, up > HORIZON
    first = sin_lat * polar + cos_lat * (a * c + b * s)
    last = sin_lat * polar + cos_lat * (a * c - b * s)
    if rule == PVLIB_MIDDLE:
        return up, a, b, first > HORIZON or last > HORIZON or up > HORIZON
    if first > HORIZON and last > HORIZON:
        return up, a, b, True
    if first <= HORIZON and last <= HORIZON and up <= HORIZON:
        return up, a, b, False
    radius = np.sqrt(a * a + b * b)
    ratio = (HORIZON - sin_lat * polar) / (cos_lat * radius)
    if ratio <= -1.0 or ratio >= 1.0:
        return up, a, b, up > HORIZON
    edge = np.arccos(ratio)
    turn = np.arctan2(b, a)
    if first <= HORIZON and last <= HORIZON:
        angle = 0.0
    elif first <= HORIZON:
        gap = (turn + half + edge) % (2.0 * np.pi)
        angle = -edge + gap / 2.0
    else:
        gap = (edge - turn + half) % (2.0 * np.pi)
        angle = edge - gap / 2.0
    a, b = radius * np.cos(angle), radius * np.sin(angle)
    return sin_lat * polar + cos_lat * a, a, b, True


@part
def _sunlit_share(cosine, sine, polar, half, sin_lat, cos_lat, sin_lon, cos_lon):
    """Share of the interval in which the sun's upper edge is above the horizon."""
    if half == 0.0:
        return 1.0
    a = cosine * cos_lon - sine * sin_lon
    b = sine * cos_lon + cosine * sin_lon
    ratio = (HORIZON - sin_lat * polar) / (cos_lat * np.sqrt(a * a + b * b))
    if ratio >= 1.0:
        return 0.0
    if ratio <= -1.0:
        return 1.0
    edge, turn = np.arccos(ratio), np.arctan2(b, a)
    lit = 0.0
    # The day before and after matter to intervals around midnight.
    for day in range(-1, 2):
        low = max(turn - half, 2.0 * np.pi * day - edge)
        high = min(turn + half, 2.0 * np.pi * day + edge)
        lit += max(high - low, 0.0)
    return min(lit / (2.0 * half), 1.0)


@part
def _raised(up, distance, pressure_hpa, air_c, bends):
    """(sine of the elevation, its cosine, that cosine over the unrefracted one) with parallax and refraction.

    Both lift the sun by less than 0.02 rad, so the turn is two terms of its series.
    """
    level = np.sqrt(max(1.0 - up * up, 1e-18))
    lift = -PARALLAX_RAD / distance * level
    seen = up + lift * level - BEND_START
    if seen >= 0.0:
        lift += pressure_hpa / 1010.0 * 283.0 / (273.0 + air_c) * _at(bends, np.sqrt(seen) * BEND_SCALE)
    keep = 1.0 - lift * lift / 2.0
    flat = level * keep - up * lift
    return min(up * keep + level * lift, 1.0), flat, flat / level


@part
def erbs(ghi, extra, up):
    """(DNI, DHI) of a global irradiance after Erbs et al. 1982, with pvlib's limits near the horizon; DNI is at most extraterrestrial."""
    kt = min(max(ghi / (extra * max(up, 0.065)), 0.0), 2.0)
    if kt <= 0.22:
        share = 1.0 - 0.09 * kt
    elif kt <= 0.8:
        share = 0.9511 + kt * (-0.1604 + kt * (4.388 + kt * (-16.638 + kt * 12.336)))
    else:
        share = 0.165
    dhi = share * ghi
    # Beyond 87 degrees the beam would be a small number over a smaller one.
    if up < 0.052335956 or ghi < 0.0:
        return 0.0, ghi
    dni = (ghi - dhi) / up
    if dni > extra:
        # At low sun the correlation would let more through than shines on the air: what is too much is diffuse.
        return extra, ghi - extra * up
    return dni, dhi


@part
def _components(kind, ghi, dni, dhi, extra, up):
    """(GHI, DNI, DHI) from what the weather has."""
    if kind == DIRECT_AND_DIFFUSE:
        return dni * max(up, 0.0) + dhi, dni, dhi
    if kind == GLOBAL_ONLY:
        dni, dhi = erbs(ghi, extra, up)
        return ghi, dni, dhi
    if kind == GLOBAL_AND_DIFFUSE:
        if up < 0.052335956:
            return ghi, 0.0, ghi
        return ghi, min(max((ghi - dhi) / up, 0.0), extra), dhi
    return ghi, dni, max(ghi - dni * max(up, 0.0), 0.0)


@part
def _perez(sam, coefficients, mass, ghi, dni, dhi, extra, zenith, up, cos_incidence, cos_tilt, sin_tilt, albedo):
    """(beam, sky, ground) on the plane [W/m2]."""
    facing = max(cos_incidence, 0.0)
    if sam:
        # SAM: isotropic sky and no ground light beyond 87.5 degrees.
        if zenith > 1.5271631:
            beam = dni * facing if zenith < np.pi / 2.0 else 0.0
            return beam, dhi * (1.0 + cos_tilt) / 2.0, 0.0
        if dhi <= 0.0:
            return dni * facing, 0.0, 0.0
        delta = dhi / 1367.0 / _at(mass, up * MASS_SCALE)
        ground = albedo * (dni * up + dhi) * (1.0 - cos_tilt) / 2.0
    else:
        ground = albedo * ghi * (1.0 - cos_tilt) / 2.0
        if zenith >= np.pi / 2.0 or dhi <= 0.0:
            return dni * facing, 0.0, ground
        delta = dhi / extra / _at(mass, up * MASS_SCALE)
    cube = (PEREZ_CUBE_SAM if sam else 1.041) * zenith * zenith * zenith
    clearness = ((dni + dhi) / dhi + cube) / (1.0 + cube)
    k = 0
    while k < 7 and (clearness > PEREZ_EDGES[k] if sam else clearness >= PEREZ_EDGES[k]):
        k += 1
    around = max(coefficients[k, 0] + coefficients[k, 1] * delta + coefficients[k, 2] * zenith, 0.0)
    band = coefficients[k, 3] + coefficients[k, 4] * delta + coefficients[k, 5] * zenith
    sky = dhi * ((1.0 - around) * (1.0 + cos_tilt) / 2.0 + around * facing / max(up, 0.0871557) + band * sin_tilt)
    if not sam:
        sky = max(sky, 0.0)
    return dni * facing, sky, ground


@part
def _rotation(plant, east, north, up):
    """(rotation [rad], shaded share) of a tracker; east, north, up is the direction to the sun."""
    sin_axis, cos_axis = np.sin(plant.azimuth_rad), np.cos(plant.azimuth_rad)
    across = east * cos_axis - north * sin_axis
    along = east * sin_axis + north * cos_axis
    lifted = up * np.cos(plant.tilt_rad) + along * np.sin(plant.tilt_rad)
    ideal = np.arctan2(across, lifted)
    limit, gcr = plant.limit_rad, plant.gcr
    if plant.backtrack:
        wide = abs(np.cos(ideal)) / gcr
        if wide < 1.0:
            turn = np.arccos(wide)
            ideal = ideal - turn if ideal > 0.0 else ideal + turn
        turn = min(max(ideal, -limit), limit)
        return turn, across, lifted, 0.0
    turn = min(max(ideal, -limit), limit)
    # Rows' shadow on the next row (Anderson and Mikofski 2020), level ground.
    c, s, t = np.cos(turn), np.sin(turn), np.tan(ideal)
    shaded = 0.0
    below = gcr * (s * t + c)
    if below != 0.0:
        shaded = min(max((gcr * c + gcr * s * t - 1.0) / below, 0.0), 1.0)
    return turn, across, lifted, shaded


@part
def _ground_seen(up, flat, cos_tilt, sin_tilt, dni, dhi, gcr, rows):
    """Share of ground-thrown light left to rows behind the first (Deline et al. 2013)."""
    half = (1.0 - cos_tilt) / 2.0
    level = dni * up
    if half * (level + dhi) <= 0.0:
        return 1.0
    pitch = 1.0 / gcr
    lit = max(1e-5, pitch - (cos_tilt + sin_tilt * flat / up)) if up != 0.0 else 1e-5
    behind = 0.5 * (1.0 + lit - np.sqrt(lit * lit + 2.0 * lit * cos_tilt + 1.0))
    diffuse = 0.5 * (1.0 + pitch - np.sqrt(pitch * pitch + 2.0 * pitch * cos_tilt + 1.0))
    kept = ((half + (rows - 1.0) * behind) * level + (half + (rows - 1.0) * diffuse) * dhi) / rows
    return kept / (half * (level + dhi))


@part
def _rows_fixed(plant, east, north, up, flat, sin_face, cos_face, cos_tilt, sin_tilt):
    """Share of a fixed row's area in the shadow of the row before it (Appelbaum and Bany 1979).

    SAM does not wrap the difference of azimuths, so there a plant that faces north has shade on one side of
    noon only; so it is in the SAM-like setting.
    """
    ahead = (east * sin_face + north * cos_face) / max(flat, 1e-9)
    if up <= 0.0 or sin_tilt == 0.0 or ahead <= 0.0:
        return 0.0
    if plant.sam and north > 0.0 and ((plant.azimuth_rad < np.pi / 2.0 and east < 0.0) or (plant.azimuth_rad > 1.5 * np.pi and east >= 0.0)):
        return 0.0
    side, pitch = plant.row_side_m, plant.row_side_m / plant.gcr
    py = side * (cos_tilt + ahead * sin_tilt * flat / up)
    edge = 0.0
    if plant.short_row:
        px = side * sin_tilt * (east * cos_face - north * sin_face) / up
        edge = min(max(pitch * px / py, 0.0), plant.row_length_m)
    deep = min(max(side * (1.0 - pitch / py), 0.0), side)
    return deep * (plant.row_length_m - edge) / (side * plant.row_length_m)


@part
def _cell(plant, air_c, wind, plane, absorbed):
    """Cell temperature [degrees C]; `absorbed` is what passes the cover, spectrum included."""
    model = plant.cell_model
    if model == NOCT_SAM:
        gain = absorbed / 800.0 * (plant.noct_c - 20.0) * (1.0 - plant.module_efficiency / 0.9)
        return air_c + gain * 9.5 / (5.7 + 3.8 * max(0.51 * wind, 0.001))
    if model == NOCT:
        return air_c + (plant.noct_c - 20.0) * plane / 800.0
    # Sandia, open rack, glass and polymer.
    return air_c + plane * np.exp(-3.56 - 0.075 * wind) + plane / 1000.0 * 3.0


@part
def _sam_dc(plant, table, light, cell_c):
    """DC power before losses [MW] from the module's efficiency table."""
    if light < 1.0:
        return 0.0
    x = np.sqrt(light) / 0.2
    k = min(int(x), table.shape[0] - 2)
    y = min(max((cell_c + 80.0) / 5.0, 0.0), table.shape[1] - 1.0)
    m = min(int(y), table.shape[1] - 2)
    f, g = x - k, y - m
    low = table[k, m] + g * (table[k, m + 1] - table[k, m])
    high = table[k + 1, m] + g * (table[k + 1, m + 1] - table[k + 1, m])
    power = plant.dc_mw * light / 1000.0 * (low + f * (high - low))
    if plant.beta_per_c != plant.module_beta_per_c:
        power *= (1.0 + plant.beta_per_c * (cell_c - 25.0)) / (1.0 + plant.module_beta_per_c * (cell_c - 25.0))
    return max(power, 0.0)


@part
def _inverter_sam(dc, ac_rated, efficiency):
    """Sandia's inverter with a straight line from its own consumption to rated power, clipped."""
    start = 0.004931 * ac_rated
    if dc <= start:
        return 0.0
    return min(ac_rated * (dc - start) / (ac_rated / efficiency - start), ac_rated)


@part
def _inverter_pvwatts(dc, ac_rated, efficiency):
    """PVWatts v5's part-load curve, clipped."""
    load = dc * efficiency / ac_rated
    if load <= 0.0:
        return 0.0
    # Above rated power the printed parabola would come down again, and below zero at 60 times.
    if load >= 1.0:
        return ac_rated
    part = efficiency / 0.9637 * (-0.0162 * load - 0.0059 / load + 0.9858)
    return min(max(part * dc, 0.0), ac_rated)


# Divisors are kept from zero below.
@kernel(
    lambda t: (
        t.bundle(SunTrack, *[t.reads(1)] * 5, t.number),
        t.record(PLANT),
        t.bundle(Tables, t.reads(2), *[t.reads(1)] * 4, t.reads(2), t.reads(1), t.reads(2)),
        t.count,
        t.bundle(Weather, *[t.reads(1)] * 7),
        t.writes(1),
        t.writes(2),
    ),
    division="ieee",
)
def run(sky, plant, tables, kind, weather, ac, detail):
    """Fills AC power [MW] and, unless it is empty, the detail of each interval."""
    cosine, sine, polar, distance, extra, half = sky
    coefficients, beam_cover, sky_cover, ground_cover, open_sky, modules, bends, masses = tables
    ghi, dni, dhi, air_c, wind, albedo, snow_kept = weather
    sam, tracked = plant.sam, plant.tracked
    sin_tilt, cos_tilt, tilt = np.sin(plant.tilt_rad), np.cos(plant.tilt_rad), plant.tilt_rad
    sin_face, cos_face = np.sin(plant.azimuth_rad), np.cos(plant.azimuth_rad)
    nodes = beam_cover.shape[0] - 1
    by_tilt = 4.0 * DEG
    cos_half, sin_half = np.cos(half), np.sin(half)
    cover_sky, cover_ground, seen = _at(sky_cover, tilt * by_tilt), _at(ground_cover, tilt * by_tilt), _at(open_sky, tilt * by_tilt)
    for i in range(polar.shape[0]):
        up, a, b, sunlit = _sun_of_site(
            cosine[i], sine[i], polar[i], half, cos_half, sin_half, plant.sin_lat, plant.cos_lat, plant.sin_lon, plant.cos_lon, plant.sun_rule
        )
        if not sunlit:
            ac[i] = 0.0
            if detail.shape[0]:
                detail[:, i] = 0.0
                detail[3, i], detail[4, i], detail[10, i] = air_c[i], DEG * np.arccos(up), DEG * plant.tilt_rad
            continue
        raised, flat, wide = _raised(up, distance[i], plant.pressure_hpa, air_c[i], bends)
        zenith = np.arccos(raised)
        east = -b * wide
        north = (plant.cos_lat * polar[i] - plant.sin_lat * a) * wide
        g, beam_normal, diffuse = _components(kind, ghi[i], dni[i], dhi[i], extra[i], raised)
        shaded = 0.0
        if tracked:
            turn, across, lifted, shaded = _rotation(plant, east, north, raised)
            cos_incidence = across * np.sin(turn) + lifted * np.cos(turn)
            cos_tilt = np.cos(plant.tilt_rad) * np.cos(turn)
            sin_tilt = np.sqrt(max(1.0 - cos_tilt * cos_tilt, 0.0))
            tilt = np.arccos(min(max(cos_tilt, -1.0), 1.0))
        else:
            cos_incidence = sin_tilt * (east * sin_face + north * cos_face) + cos_tilt * raised
        thrown = albedo[i] if albedo.shape[0] else plant.albedo
        beam, diffuse_sky, ground = _perez(
            sam, coefficients, masses[0], g, beam_normal, diffuse, extra[i], zenith, raised, cos_incidence, cos_tilt, sin_tilt, thrown
        )
        if plant.shaded:
            if tracked:
                cover_sky, cover_ground, seen = _at(sky_cover, tilt * by_tilt), _at(ground_cover, tilt * by_tilt), _at(open_sky, tilt * by_tilt)
            else:
                shaded = _rows_fixed(plant, east, north, raised, flat, sin_face, cos_face, cos_tilt, sin_tilt)
            beam *= 1.0 - shaded
            if diffuse_sky + ground >= 0.1:
                ground *= _ground_seen(raised, flat, cos_tilt, sin_tilt, beam_normal, diffuse, plant.gcr, plant.row_count)
                diffuse_sky *= seen
        elif tracked:
            cover_sky, cover_ground = _at(sky_cover, tilt * by_tilt), _at(ground_cover, tilt * by_tilt)
        beam, diffuse_sky, ground = beam * plant.soil_kept, diffuse_sky * plant.soil_kept, ground * plant.soil_kept
        plane = beam + diffuse_sky + ground
        absorbed = max(beam * _at(beam_cover, max(cos_incidence, 0.0) * nodes) + diffuse_sky * cover_sky + ground * cover_ground, 0.0)
        if sam:
            mass = plant.altitude_factor / _at(masses[1], max(raised, 0.0697564737) * MASS_SCALE)
            absorbed *= max(0.918093 + mass * (0.086257 + mass * (-0.024459 + mass * (0.002816 - mass * 0.000126))), 0.0)
        cell_c = _cell(plant, air_c[i], wind[i], plane, absorbed)
        if sam:
            dc = _sam_dc(plant, modules, absorbed, cell_c) * plant.kept
        else:
            dc = max(plant.dc_mw * absorbed / 1000.0 * (1.0 + plant.beta_per_c * (cell_c - 25.0)), 0.0) * plant.kept
        if snow_kept.shape[0]:
            dc *= snow_kept[i]
        power = _inverter_sam(dc, plant.ac_mw, plant.inverter_efficiency) if sam else _inverter_pvwatts(dc, plant.ac_mw, plant.inverter_efficiency)
        ac[i] = power * plant.ac_kept
        if detail.shape[0]:
            detail[0, i], detail[1, i], detail[2, i], detail[3, i] = ac[i], dc, plane, cell_c
            detail[4, i], detail[5, i] = zenith * DEG, (np.arctan2(east, north) * DEG) % 360.0
            detail[6, i] = np.arccos(min(max(cos_incidence, -1.0), 1.0)) * DEG
            detail[7, i], detail[8, i], detail[9, i], detail[10, i] = beam_normal, diffuse, 1.0, tilt * DEG


@kernel(lambda t: (*[t.reads(1)] * 4, *[t.number] * 3, t.count, *[t.number] * 2, t.reads(1), t.writes(2)), division="ieee")
def position(cosine, sine, polar, distance, half, latitude, longitude, rule, pressure_hpa, air_c, bends, out):
    """Fills zenith, azimuth [degrees], whether the sun is up, and the sunlit share of each interval."""
    sin_lat, cos_lat, sin_lon, cos_lon = np.sin(latitude), np.cos(latitude), np.sin(longitude), np.cos(longitude)
    for i in range(polar.shape[0]):
        up, a, b, sunlit = _sun_of_site(cosine[i], sine[i], polar[i], half, np.cos(half), np.sin(half), sin_lat, cos_lat, sin_lon, cos_lon, rule)
        out[0, i] = DEG * np.arccos(_raised(up, distance[i], pressure_hpa, air_c, bends)[0])
        out[1, i] = (DEG * np.arctan2(-b, cos_lat * polar[i] - sin_lat * a)) % 360.0
        out[2, i] = 1.0 if sunlit else 0.0
        out[3, i] = _sunlit_share(cosine[i], sine[i], polar[i], half, sin_lat, cos_lat, sin_lon, cos_lon)
