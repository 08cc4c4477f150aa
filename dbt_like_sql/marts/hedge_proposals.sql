{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    contract,
    trade_mw,
    cost_eur,
    note
from {{ ref('stg_hedge_proposals') }}
