-- generated from the contract of load_actual: change energy_pipeline/contracts, then run `make docs`
-- Metered load of the zone.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    delivery_start,
    resolution_minutes,
    load_mw,
    known_at,
    source
from {{ ref('stg_load_actual') }}
