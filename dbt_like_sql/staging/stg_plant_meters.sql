-- generated from the contract of plant_meters: change energy_pipeline/contracts, then run `make docs`
-- Metered output of the desk's own plants.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    plant,
    delivery_start,
    resolution_minutes,
    output_mw,
    known_at,
    source
from {{ source('lake', 'plant_meters') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by plant, delivery_start order by known_at desc) = 1
