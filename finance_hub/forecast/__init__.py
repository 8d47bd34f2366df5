"""Where monthly figures are going: forecasts with intervals that were right in the past, each model held to the seasonal naive one.

``reading`` takes series from a file, ``candidates`` fits models to one history, ``combining`` weighs them by how they did on that
history and widens the interval to what their errors were, ``many`` does so for thousands of series side by side. Nothing here knows
the warehouse, dbt or Dagster.
"""

from __future__ import annotations

from finance_hub.forecast.combining import Forecast, forecast
from finance_hub.forecast.many import forecast_all
from finance_hub.forecast.reading import ForecastError, Series, read

__all__ = ["Forecast", "ForecastError", "Series", "forecast", "forecast_all", "read"]
