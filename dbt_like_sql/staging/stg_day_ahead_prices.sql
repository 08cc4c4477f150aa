-- generated from the contract of day_ahead_prices: change energy_pipeline/contracts, then run `make docs`
-- Day-ahead auction prices.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    delivery_start,
    resolution_minutes,
    price_eur_mwh,
    known_at,
    source
from {{ source('lake', 'day_ahead_prices') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by zone, delivery_start order by known_at desc) = 1
