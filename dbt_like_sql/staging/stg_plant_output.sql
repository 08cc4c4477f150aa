-- generated from the contract of plant_output: change energy_pipeline/contracts, then run `make docs`
-- Expected output of each plant for D at the decision time, E[g | gate].
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    plant,
    zone,
    technology,
    delivery_start,
    resolution_minutes,
    output_mw,
    available_mw,
    q05_mw,
    q10_mw,
    q25_mw,
    q50_mw,
    q75_mw,
    q90_mw,
    q95_mw,
    capacity_mw,
    unavailable_mw,
    method,
    is_fallback,
    note
from {{ source('lake', 'plant_output') }}
