{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    limit_name,
    scope,
    first_day,
    last_day,
    days,
    unit,
    worst_used,
    worst_bound,
    worst_use_share,
    worst_day,
    is_cleared
from {{ ref('stg_limit_breaches') }}
