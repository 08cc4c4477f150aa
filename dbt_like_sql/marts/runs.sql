{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    run_flow,
    run_id,
    recorded_at,
    decision_time,
    desk,
    desk_hash,
    code_version
from {{ ref('stg_runs') }}
