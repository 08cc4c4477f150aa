{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    part,
    scope,
    leg,
    value_eur,
    note
from {{ ref('stg_pnl_attribution') }}
