-- generated from the contract of fleet_output: change energy_pipeline/contracts, then run `make docs`
-- Expected output summed up: per plant, zone and portfolio, by technology and together.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    level,
    name,
    technology,
    delivery_start,
    resolution_minutes,
    output_mw,
    output_mwh,
    held_back_mw,
    capacity_mw,
    capacity_factor
from {{ source('lake', 'fleet_output') }}
