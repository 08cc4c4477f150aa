{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    scope,
    method,
    horizon_days,
    scaling,
    level,
    var_eur,
    es_eur,
    var_error_eur,
    es_error_eur,
    error_days,
    note
from {{ ref('stg_risk_methods') }}
