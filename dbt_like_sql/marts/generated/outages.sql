-- generated from the contract of outages: change energy_pipeline/contracts, then run `make docs`
-- Unavailability of generating units, a row per outage and delivery day touched.
{{ config(materialized='table', schema='marts') }}

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
from {{ ref('stg_outages') }}
