-- generated from the contract of limits: change energy_pipeline/contracts, then run `make docs`
-- Use of every limit of the desk by the decided book.
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
