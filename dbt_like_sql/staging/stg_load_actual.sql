-- generated from the contract of load_actual: change energy_pipeline/contracts, then run `make docs`
-- Metered load of the zone.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    delivery_start,
    resolution_minutes,
    load_mw,
    known_at,
    source
from {{ source('lake', 'load_actual') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by zone, delivery_start order by known_at desc) = 1
