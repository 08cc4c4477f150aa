{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    limit_name,
    scope,
    unit,
    used,
    bound,
    use_share,
    status,
    shadow_price_eur
from {{ ref('stg_limits') }}
