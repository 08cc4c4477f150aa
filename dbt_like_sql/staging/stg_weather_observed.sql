-- generated from the contract of weather_observed: change energy_pipeline/contracts, then run `make docs`
-- Observed weather at stations: lags only, never at valid time.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    location,
    delivery_start,
    resolution_minutes,
    wind_speed_ms,
    temperature_c,
    ghi_w_m2,
    dni_w_m2,
    dhi_w_m2,
    wind_direction_deg,
    pressure_hpa,
    snow_depth_cm,
    wind_speed_2_ms,
    wind_speed_3_ms,
    known_at,
    source
from {{ source('lake', 'weather_observed') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by location, delivery_start order by known_at desc) = 1
