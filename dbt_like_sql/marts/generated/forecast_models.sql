-- generated from the contract of forecast_models: change energy_pipeline/contracts, then run `make docs`
-- The day-ahead committee of D: what each member learnt from, its settings, recent error and weight.
{{ config(materialized='table', schema='marts') }}

select
    delivery_day,
    zone,
    model,
    family,
    weight,
    recent_mae_eur_mwh,
    recent_days,
    fitted_for,
    training_first_day,
    training_last_day,
    exogenous_columns,
    features,
    left_out,
    settings,
    settings_from,
    seed,
    artefact,
    note
from {{ ref('stg_forecast_models') }}
