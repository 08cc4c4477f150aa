-- generated from the contract of limits: change energy_pipeline/contracts, then run `make docs`
-- Use of every limit of the desk by the decided book.
{{ config(materialized='view', schema='staging') }}

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
from {{ source('lake', 'limits') }}
