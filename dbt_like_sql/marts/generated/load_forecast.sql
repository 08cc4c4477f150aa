-- generated from the contract of load_forecast: change energy_pipeline/contracts, then run `make docs`
-- The TSO's day-ahead load forecast.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    delivery_start,
    resolution_minutes,
    load_mw,
    known_at,
    source
from {{ ref('stg_load_forecast') }}
