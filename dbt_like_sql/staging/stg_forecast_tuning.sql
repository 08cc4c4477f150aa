-- generated from the contract of forecast_tuning: change energy_pipeline/contracts, then run `make docs`
-- Each setting that training jobs search (orders of SARIMAX, depth and rate of the trees): what D's decision used, and why.
{{ config(materialized='view', schema='staging') }}

select
    delivery_day,
    zone,
    model,
    setting,
    value,
    declared_value,
    source,
    trained_on,
    criterion,
    criterion_value,
    declared_criterion_value,
    bic,
    bic_value,
    adf_statistic,
    adf_p_value
from {{ source('lake', 'forecast_tuning') }}
