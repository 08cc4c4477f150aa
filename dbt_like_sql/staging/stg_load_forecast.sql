-- generated from the contract of load_forecast: change energy_pipeline/contracts, then run `make docs`
-- The TSO's day-ahead load forecast.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    delivery_start,
    resolution_minutes,
    load_mw,
    known_at,
    source
from {{ source('lake', 'load_forecast') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by zone, delivery_start order by known_at desc) = 1
