-- generated from the contract of book_repair: change energy_pipeline/contracts, then run `make docs`
-- The cheapest trades in quoted contracts that bring the whole book inside its limits; a proposal, nothing is traded.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    quoted_contract,
    trade_mw,
    price_eur_mwh,
    cost_eur,
    note
from {{ ref('stg_book_repair') }}
