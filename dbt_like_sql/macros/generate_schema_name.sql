{# The schema a model asks for is the schema it gets: no target prefix, so that the
   public schema is `marts` wherever the project runs. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}
