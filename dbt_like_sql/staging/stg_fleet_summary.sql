-- generated from the contract of fleet_summary: change energy_pipeline/contracts, then run `make docs`
-- The day of each plant, zone and portfolio: energy, capacity factor, complementarity of wind and solar.
{{ config(materialized='view', schema='staging') }}

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
from {{ source('lake', 'fleet_summary') }}
