-- generated from the contract of hedge_proposals: change energy_pipeline/contracts, then run `make docs`
-- Cheapest trades that bring the book's limits from red to green; a proposal, nothing is traded.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    contract,
    trade_mw,
    cost_eur,
    note
from {{ source('lake', 'hedge_proposals') }}
