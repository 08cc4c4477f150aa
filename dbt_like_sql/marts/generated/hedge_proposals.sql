-- generated from the contract of hedge_proposals: change energy_pipeline/contracts, then run `make docs`
-- Cheapest trades that bring the book's limits from red to green; a proposal, nothing is traded.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    contract,
    trade_mw,
    cost_eur,
    note
from {{ ref('stg_hedge_proposals') }}
