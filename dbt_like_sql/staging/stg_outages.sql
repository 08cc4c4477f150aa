-- generated from the contract of outages: change energy_pipeline/contracts, then run `make docs`
-- Unavailability of generating units, a row per outage and delivery day touched.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    outage_id,
    fuel,
    unavailable_mw,
    starts_at,
    ends_at,
    known_at,
    source
from {{ source('lake', 'outages') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by zone, outage_id order by known_at desc) = 1
