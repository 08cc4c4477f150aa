-- generated from the contract of generation_forecast: change energy_pipeline/contracts, then run `make docs`
-- The TSO's (or by convention a vendor's) day-ahead forecast of wind and solar.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    technology,
    delivery_start,
    resolution_minutes,
    generation_mw,
    known_at,
    source
from {{ ref('stg_generation_forecast') }}
