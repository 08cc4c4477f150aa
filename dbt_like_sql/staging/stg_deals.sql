-- generated from the contract of deals: change energy_pipeline/contracts, then run `make docs`
-- Every deal that still delivers on D or later, as known at the decision: the desk's opening book and its ledger.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    deal,
    trade,
    leg,
    source,
    counterparty,
    zone,
    block,
    tenor,
    first_day,
    last_day,
    position_mw,
    price,
    currency,
    exchange_rate,
    price_eur_mwh,
    is_proxy,
    known_at
from {{ source('lake', 'deals') }}
