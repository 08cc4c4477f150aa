-- generated from the contract of bid_curves: change energy_pipeline/contracts, then run `make docs`
-- Orders of auction assets: quantity and limit, such that whatever is accepted can be delivered.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    asset,
    zone,
    delivery_start,
    resolution_minutes,
    side,
    quantity_mw,
    limit_eur_mwh
from {{ source('lake', 'bid_curves') }}
