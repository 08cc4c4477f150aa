-- generated from the contract of driver_outlook: change energy_pipeline/contracts, then run `make docs`
-- Load, wind and solar of each zone by hour of the days after D, as known at the decision: what is the week's weather worth?
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    target_day,
    horizon_days,
    zone,
    driver,
    delivery_start,
    resolution_minutes,
    value_mw,
    method
from {{ ref('stg_driver_outlook') }}
