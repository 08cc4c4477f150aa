-- generated from the contract of forecast_models: change energy_pipeline/contracts, then run `make docs`
-- The day-ahead committee of D and its challengers: what each learnt from, its settings, recent error, weight and trial.
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
    note,
    role,
    ensemble_mae_eur_mwh,
    changed_mae_eur_mwh,
    changed_p,
    trial_days
from {{ ref('stg_forecast_models') }}
