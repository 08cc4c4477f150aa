-- generated from the contract of generation_forecast: change energy_pipeline/contracts, then run `make docs`
-- The TSO's (or by convention a vendor's) day-ahead forecast of wind and solar.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    technology,
    delivery_start,
    resolution_minutes,
    generation_mw,
    known_at,
    source
from {{ source('lake', 'generation_forecast') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by zone, technology, delivery_start order by known_at desc) = 1
