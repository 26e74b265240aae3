"""Where curves also go, beside SQL: TensorBoard event files and MLflow, chosen by ``CLR_SINKS``."""
