{#
description: "Expected output of each plant, E[g | gate], with the metered output beside it once it is known."
summed: true
columns:
  forecast_mw: {like: plant_output.output_mw, description: "Expected output at the decision time, after curtailment at low prices."}
  metered_mw: {like: plant_meters.output_mw, description: "Metered net output, time-weighted mean over the interval; null until it is known."}
  known_at_metered: {like: plant_meters.known_at, nullable: true, description: "When the last meter value could first be known, UTC."}
#}
{{ config(materialized='table', schema='marts') }}

-- Meters may have finer or coarser intervals than the forecast: as with prices, the
-- time-weighted mean, and only where the meter covers the whole interval.
with overlap as (
    select
        f.plant,
        f.delivery_start,
        f.resolution_minutes,
        m.output_mw,
        m.known_at,
        date_diff(
            'minute',
            greatest(f.delivery_start, m.delivery_start),
            least(
                f.delivery_start + to_minutes(f.resolution_minutes),
                m.delivery_start + to_minutes(m.resolution_minutes)
            )
        ) as shared_minutes
    from {{ ref('stg_plant_output') }} as f
    inner join {{ ref('stg_plant_meters') }} as m
        on f.delivery_day = m.delivery_day
        and f.plant = m.plant
        and m.delivery_start < f.delivery_start + to_minutes(f.resolution_minutes)
        and f.delivery_start < m.delivery_start + to_minutes(m.resolution_minutes)
    where m.output_mw is not null
),

metered as (
    select
        plant,
        delivery_start,
        case
            when sum(shared_minutes) = max(resolution_minutes)
                then sum(output_mw * shared_minutes) / sum(shared_minutes)
        end as output_mw,
        max(known_at) as known_at
    from overlap
    group by plant, delivery_start
)

select
    f.delivery_day,
    f.zone,
    f.plant,
    f.technology,
    f.delivery_start,
    f.resolution_minutes,
    f.output_mw as forecast_mw,
    f.available_mw,
    f.q05_mw,
    f.q10_mw,
    f.q25_mw,
    f.q50_mw,
    f.q75_mw,
    f.q90_mw,
    f.q95_mw,
    m.output_mw as metered_mw,
    m.known_at as known_at_metered,
    f.capacity_mw,
    f.method,
    f.is_fallback,
    f.note
from {{ ref('stg_plant_output') }} as f
left join metered as m
    on f.plant = m.plant and f.delivery_start = m.delivery_start
