{#
columns:
  leg_number: {like: deals.leg}
#}
{{ config(materialized='table', schema='marts') }}

-- `leg` is a part of the P&L everywhere else.
select
    delivery_day,
    deal,
    trade,
    leg as leg_number,
    source,
    counterparty,
    zone,
    block,
    tenor,
    first_day,
    last_day,
    position_mw,
    price,
    currency,
    exchange_rate,
    price_eur_mwh,
    is_proxy,
    known_at
from {{ ref('stg_deals') }}
