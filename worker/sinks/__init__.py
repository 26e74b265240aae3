"""Further sinks of curves, besides SQL: TensorBoard event files and MLflow, chosen by ``CLR_SINKS``."""
