{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    asset,
    zone,
    delivery_start,
    resolution_minutes,
    side,
    quantity_mw,
    limit_eur_mwh
from {{ ref('stg_bid_curves') }}
