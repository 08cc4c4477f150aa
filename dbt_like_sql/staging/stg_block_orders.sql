-- generated from the contract of block_orders: change energy_pipeline/contracts, then run `make docs`
-- Exclusive groups of block orders of auction assets: of each group the auction executes the block with the largest surplus.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    asset,
    zone,
    group_number,
    block_number,
    delivery_start,
    resolution_minutes,
    side,
    quantity_mw
from {{ source('lake', 'block_orders') }}
