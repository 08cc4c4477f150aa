-- generated from the contract of curve_days: change energy_pipeline/contracts, then run `make docs`
-- The curve of the whole book to the last day held or quoted: mean price of each block and day, and what it rests on.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    block,
    target_day,
    hours,
    price_eur_mwh,
    mark_level,
    quoted_from,
    quoted_to,
    rests_on_proxy,
    error_eur_mwh
from {{ source('lake', 'curve_days') }}
