{#
description: "Runs: which code and desk file wrote which days."
key: [run_id]
columns:
  delivery_day: {description: "First delivery day the run wrote."}
  last_day: {dtype: date, description: "Last delivery day the run wrote."}
  flows: {dtype: str, description: "Flows, in alphabetical order."}
  days: {dtype: i64, unit: "1", description: "Delivery days the run wrote."}
#}
{{ config(materialized='view', schema='marts') }}

select
    run_id,
    min(delivery_day) as delivery_day,
    max(delivery_day) as last_day,
    max(recorded_at) as recorded_at,
    string_agg(distinct run_flow, ', ' order by run_flow) as flows,
    count(distinct delivery_day) as days,
    any_value(desk order by recorded_at desc) as desk,
    any_value(desk_hash order by recorded_at desc) as desk_hash,
    any_value(code_version order by recorded_at desc) as code_version
from {{ ref('runs') }}
group by run_id
