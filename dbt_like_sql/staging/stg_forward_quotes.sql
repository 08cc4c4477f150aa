-- generated from the contract of forward_quotes: change energy_pipeline/contracts, then run `make docs`
-- Quotes of block contracts for the delivery day: mid and half-spread.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    contract,
    price_eur_mwh,
    half_spread_eur_mwh,
    is_proxy,
    known_at,
    source
from {{ source('lake', 'forward_quotes') }}
-- Every vintage is kept in the lake; a reader wants the latest one.
qualify row_number() over (partition by zone, contract order by known_at desc) = 1
