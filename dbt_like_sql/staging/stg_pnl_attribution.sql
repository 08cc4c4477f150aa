-- generated from the contract of pnl_attribution: change energy_pipeline/contracts, then run `make docs`
-- Why the settled day earned what it earned, why the options changed, and what later vintages changed.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    part,
    scope,
    leg,
    value_eur,
    note
from {{ source('lake', 'pnl_attribution') }}
