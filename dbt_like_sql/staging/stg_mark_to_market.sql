-- generated from the contract of mark_to_market: change energy_pipeline/contracts, then run `make docs`
-- The opening book on the forward curve of the decision, by contract and delivery day, as far as the curve reaches.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    deal,
    zone,
    block,
    target_day,
    energy_mwh,
    entry_price_eur_mwh,
    curve_price_eur_mwh,
    value_eur,
    basis,
    is_proxy
from {{ source('lake', 'mark_to_market') }}
