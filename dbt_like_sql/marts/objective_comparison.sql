{#
description: "What every objective would decide on the scenarios and limits of the day's book, measured alike with exact fees. Beside it what each would have made of the settled day."
columns:
  settled_pnl_eur: {like: objective_results.pnl_eur, nullable: true, description: "Settled P&L with this rival's decisions. Null until settled."}
  hindsight_pnl_eur: {nullable: true, description: "P&L of the best decisions under the same limits, prices and output known. Null until settled."}
  regret_eur: {nullable: true, description: "hindsight_pnl_eur - pnl_eur. Null until settled."}
  against_desk_eur: {nullable: true, description: "pnl_eur less that of the decided book. Null until settled."}
#}
{{ config(materialized='table', schema='marts') }}

-- What was expected of every objective stands beside what it would have made; null until settled.
select
    c.delivery_day,
    c.objective_name,
    c.expected_pnl_eur,
    c.volatility_eur,
    c.var_eur,
    c.cvar_eur,
    c.worst_eur,
    c.es_eur,
    c.within_es_limit,
    c.traded_mw,
    c.relative_gap,
    c.solver,
    r.pnl_eur as settled_pnl_eur,
    r.hindsight_pnl_eur,
    r.regret_eur,
    r.against_desk_eur
from {{ ref('stg_objective_comparison') }} as c
left join {{ ref('stg_objective_results') }} as r
    on c.delivery_day = r.delivery_day
    and c.objective_name = r.objective_name
