-- generated from the contract of view_results: change energy_pipeline/contracts, then run `make docs`
-- What programme and views of the day's contracts earned at the auction's prices, apart.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    block,
    programme_mw,
    view_mw,
    quote_eur_mwh,
    settled_eur_mwh,
    programme_eur,
    view_eur,
    is_proxy
from {{ source('lake', 'view_results') }}
