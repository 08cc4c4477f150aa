-- generated from the contract of fleet_output: change energy_pipeline/contracts, then run `make docs`
-- Expected output summed up: per plant, zone and portfolio, by technology and together.
{{ config(materialized='table', schema='marts') }}

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
from {{ ref('stg_fleet_output') }}
