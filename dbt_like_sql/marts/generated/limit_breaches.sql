-- generated from the contract of limit_breaches: change energy_pipeline/contracts, then run `make docs`
-- Log of breaches: runs of decided days on which a limit was red, newest look-back window up to D.
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
