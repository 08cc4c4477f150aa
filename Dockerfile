# One image, three commands:
#   code server:  dagster api grpc -m energy_pipeline.definitions -h 0.0.0.0 -p 4000
#   webserver:    dagster-webserver -w deploy/workspace.yaml -h 0.0.0.0 -p 3000
#   daemon:       dagster-daemon run -w deploy/workspace.yaml
# deploy/docker-compose.yaml starts all three with PostgreSQL.
# The image holds no git: say which code it is by --build-arg CODE_VERSION="$(energy-pipeline --version)".
FROM python:3.12-slim AS build
ENV UV_PROJECT_ENVIRONMENT=/app/.venv UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY .ci/hatch_build.py .ci/
RUN uv sync --frozen --no-default-groups --no-install-project
COPY energy_pipeline energy_pipeline
COPY dbt_like_sql dbt_like_sql
RUN uv sync --frozen --no-default-groups --compile-bytecode
# Machine code is kept for this processor beside its source, whose time stamp COPY keeps; another processor compiles at first use.
RUN .venv/bin/energy-pipeline warm

FROM python:3.12-slim
ARG CODE_VERSION=""
ENV ENERGY_PIPELINE_CODE_VERSION=$CODE_VERSION
RUN useradd --create-home --uid 10001 desk && mkdir -p /app/data_lake /app/.dagster && chown -R desk:desk /app
WORKDIR /app
COPY --from=build --chown=desk:desk /app /app
COPY --chown=desk:desk workspace.yaml ./
COPY --chown=desk:desk deploy deploy
COPY --chown=desk:desk deploy/dagster.yaml .dagster/dagster.yaml
ENV PATH=/app/.venv/bin:$PATH DAGSTER_HOME=/app/.dagster GX_ANALYTICS_ENABLED=false TF_CPP_MIN_LOG_LEVEL=3
USER desk
EXPOSE 3000 4000
CMD ["dagster", "api", "grpc", "-m", "energy_pipeline.definitions", "-h", "0.0.0.0", "-p", "4000"]
