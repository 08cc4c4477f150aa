{{ config(materialized='table', schema='marts') }}

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
from {{ ref('stg_block_orders') }}
