-- generated from the contract of fuel_prices: change energy_pipeline/contracts, then run `make docs`
-- Daily settlements of gas, coal and carbon. The partition is the value date; known_at is the evening of the trading day.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    commodity,
    price,
    unit,
    known_at,
    source
from {{ ref('stg_fuel_prices') }}
