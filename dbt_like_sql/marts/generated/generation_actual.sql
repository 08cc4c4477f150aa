-- generated from the contract of generation_actual: change energy_pipeline/contracts, then run `make docs`
-- Metered wind and solar output of the zone.
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
from {{ ref('stg_generation_actual') }}
