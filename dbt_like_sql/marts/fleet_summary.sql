{#
key: [fleet_level, name, technology]
columns:
  fleet_level: {like: fleet_summary.level}
#}
{{ config(materialized='table', schema='marts') }}

-- `level` is a confidence everywhere else.
select
    delivery_day,
    level as fleet_level,
    name,
    technology,
    output_mwh,
    held_back_mwh,
    capacity_mw,
    capacity_factor,
    complementarity
from {{ ref('stg_fleet_summary') }}
