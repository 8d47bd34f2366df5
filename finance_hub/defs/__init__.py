"""What the platform consists of, for Dagster: each module is loaded by itself."""
