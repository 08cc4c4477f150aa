{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    deal,
    zone,
    block,
    target_day,
    energy_mwh,
    entry_price_eur_mwh,
    curve_price_eur_mwh,
    value_eur,
    basis,
    is_proxy
from {{ ref('stg_mark_to_market') }}
