-- generated from the contract of fuel_prices: change energy_pipeline/contracts, then run `make docs`
-- Daily settlements of gas, coal and carbon. The partition is the value date; known_at is the evening of the trading day.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    commodity,
    price,
    unit,
    known_at,
    source
from {{ source('lake', 'fuel_prices') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by commodity order by known_at desc) = 1
