-- Was the day's loss larger than the VaR decided with?
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    level,
    var_eur,
    es_eur,
    pnl_eur,
    is_exception
from {{ source('lake', 'var_exceptions') }}
