-- generated from the contract of forward_book_proposals: change energy_pipeline/contracts, then run `make docs`
-- The best changes of the forward book at the decision's quotes, and what the hedge programme lacks later; nothing is traded by it.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    contract,
    kind,
    zone,
    block,
    first_day,
    last_day,
    held_units,
    trade_units,
    price_eur_mwh,
    costs_eur,
    held_by,
    expected_pnl_change_eur,
    cvar_change_eur,
    note
from {{ ref('stg_forward_book_proposals') }}
