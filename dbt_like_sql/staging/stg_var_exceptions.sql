-- generated from the contract of var_exceptions: change energy_pipeline/contracts, then run `make docs`
-- Did the day fall short of its expectation by more than the VaR decided with?
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    level,
    var_eur,
    es_eur,
    expected_pnl_eur,
    pnl_eur,
    is_exception,
    cause,
    cause_eur,
    pit
from {{ source('lake', 'var_exceptions') }}
