-- generated from the contract of book_limits: change energy_pipeline/contracts, then run `make docs`
-- Use of every limit on the whole book: open energy by tenor, shortfall of the marks, credit and concentration by counterparty.
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
    price_eur
from {{ source('lake', 'book_limits') }}
