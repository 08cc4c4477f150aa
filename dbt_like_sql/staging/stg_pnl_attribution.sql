-- Why the settled day earned what it earned, why the living book and the options changed, and what later vintages changed.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    part,
    scope,
    leg,
    value_eur,
    note
from {{ source('lake', 'pnl_attribution') }}
