{#
key: [raw_table, series, value_column, delivery_start]
description: "Values held back at ingest, or changed by the operator, latest state, with what is at stake."
columns:
  check_name: {like: held_hours.check}
  volume_mwh: {unit: "MWh", nullable: true, description: "Energy of the interval as the source says it; null for prices and weather."}
  stake_eur: {unit: "EUR", nullable: true, description: "That energy at the day-ahead price of its zone; null where there is none."}
#}
{{ config(materialized='table', schema='marts') }}

select
    h.delivery_day,
    h.raw_table,
    h.series,
    h.value_column,
    h.zone,
    h.delivery_start,
    h.resolution_minutes,
    h."check" as check_name,
    h.status,
    h.found_value,
    h.used_value,
    case when h.value_column like '%\_mw' escape '\' then h.found_value * h.resolution_minutes / 60.0 end as volume_mwh,
    case when h.value_column like '%\_mw' escape '\' then h.found_value * h.resolution_minutes / 60.0 * p.price_eur_mwh end as stake_eur,
    h.detail,
    h.known_at
from {{ ref('stg_held_hours') }} as h
left join {{ ref('stg_day_ahead_prices') }} as p
    on
        h.zone = p.zone
        and h.delivery_day = p.delivery_day
        and h.delivery_start >= p.delivery_start
        and h.delivery_start < p.delivery_start + to_minutes(p.resolution_minutes)
