{{ config(materialized='table', schema='marts') }}

-- The settled result stands beside the book's VaR it is compared with.
select
    m.delivery_day,
    m.scope,
    m.measure,
    m.method,
    m.level,
    m.value_eur,
    m.standard_error_eur,
    m.scenarios,
    e.expected_pnl_eur,
    e.pnl_eur as settled_pnl_eur,
    e.is_exception,
    e.cause as settled_cause,
    e.cause_eur as settled_cause_eur,
    e.pit as settled_pit
from {{ ref('stg_risk_measures') }} as m
left join {{ ref('stg_var_exceptions') }} as e
    on m.delivery_day = e.delivery_day
    and m.level = e.level
    and m.measure = 'var'
    and m.scope = 'book'
