-- generated from the contract of forecast_value: change energy_pipeline/contracts, then run `make docs`
-- What a 1 MW / 2 MWh battery committed on each day-ahead price forecast earned on the day.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    model,
    value_eur,
    foresight_eur,
    losing
from {{ source('lake', 'forecast_value') }}
