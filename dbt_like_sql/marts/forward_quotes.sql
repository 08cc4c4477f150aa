{#
key: [zone, block]
columns:
  block: {like: forward_quotes.contract}
#}
{{ config(materialized='table', schema='marts') }}

-- `contract` is a zone with its block everywhere else (dim_contract).
select
    delivery_day,
    zone,
    contract as block,
    price_eur_mwh,
    half_spread_eur_mwh,
    is_proxy,
    known_at,
    source
from {{ ref('stg_forward_quotes') }}
