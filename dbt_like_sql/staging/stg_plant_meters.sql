-- Metered output of the desk's own plants.
-- Every vintage is kept in the lake; a reader wants the latest one.
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
qualify row_number() over (partition by plant, delivery_start order by known_at desc) = 1
