-- generated from the contract of generation_actual: change energy_pipeline/contracts, then run `make docs`
-- Metered wind and solar output of the zone.
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
from {{ source('lake', 'generation_actual') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by zone, technology, delivery_start order by known_at desc) = 1
