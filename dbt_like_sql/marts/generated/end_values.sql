-- generated from the contract of end_values: change energy_pipeline/contracts, then run `make docs`
-- What each content of a store is worth at the end of D: the curve its dispatch, bids and inventory use.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    asset,
    zone,
    content_mwh,
    value_eur,
    days
from {{ ref('stg_end_values') }}
