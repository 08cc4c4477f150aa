-- generated from the contract of data_quality: change energy_pipeline/contracts, then run `make docs`
-- Per delivery day, raw table and series: what was expected, what was found, and what is wrong with it.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    raw_table,
    series,
    "check",
    status,
    expected_count,
    found_count,
    missing_count,
    null_count,
    outage_zero_count,
    detail
from {{ source('lake', 'data_quality') }}
