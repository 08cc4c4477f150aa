-- generated from the contract of second_prices: change energy_pipeline/contracts, then run `make docs`
-- Prices at which deviations from the day-ahead position are traded back: intraday index or imbalance price.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    price_kind,
    delivery_start,
    resolution_minutes,
    price_eur_mwh,
    known_at,
    source
from {{ source('lake', 'second_prices') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by zone, price_kind, delivery_start order by known_at desc) = 1
