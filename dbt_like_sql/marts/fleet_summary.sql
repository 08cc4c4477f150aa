{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    level,
    name,
    technology,
    output_mwh,
    held_back_mwh,
    capacity_mw,
    capacity_factor,
    complementarity
from {{ ref('stg_fleet_summary') }}
