-- Expected output of each plant for D at the decision time, E[g | gate].
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    plant,
    zone,
    technology,
    delivery_start,
    resolution_minutes,
    output_mw,
    q10_mw,
    q90_mw,
    capacity_mw,
    method,
    is_fallback
from {{ source('lake', 'plant_output') }}
