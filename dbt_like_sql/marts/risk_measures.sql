{#
description: "VaR and expected shortfall of the decided book over the joint forecast errors: losses against the expected day, positive. The settled result stands beside the book's VaR."
columns:
  expected_pnl_eur: {nullable: true, description: "Expected P&L of the decision with proxy hedges at their quotes; only beside the book's VaR, null until settled."}
  settled_pnl_eur: {like: var_exceptions.pnl_eur, nullable: true, description: "Settled P&L of the day; only beside the book's VaR, null until settled."}
  is_exception: {nullable: true, description: "True when expected less settled P&L exceeds this VaR; null until settled."}
  settled_cause: {like: var_exceptions.cause, description: "Leg that fell furthest short of its expectation; null until settled."}
  settled_cause_eur: {like: var_exceptions.cause_eur}
  settled_pit: {like: var_exceptions.pit, description: "Share of the decision's scenarios at or above the settled P&L; null until settled."}
#}
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
    m.other_value_eur,
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
