{#
summed: true
key: [fleet_level, name, technology, delivery_start]
columns:
  fleet_level: {like: fleet_output.level}
#}
{{ config(materialized='table', schema='marts') }}

-- `level` is a confidence everywhere else.
select
    delivery_day,
    level as fleet_level,
    name,
    technology,
    delivery_start,
    resolution_minutes,
    output_mw,
    output_mwh,
    held_back_mw,
    capacity_mw,
    capacity_factor
from {{ ref('stg_fleet_output') }}
