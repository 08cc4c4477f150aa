-- generated from the contract of plant_meters: change energy_pipeline/contracts, then run `make docs`
-- Metered output of the desk's own plants.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    plant,
    delivery_start,
    resolution_minutes,
    output_mw,
    known_at,
    source
from {{ ref('stg_plant_meters') }}
