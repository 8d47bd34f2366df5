"""Where monthly figures are going: forecasts with intervals that were right in the past, each model held to the seasonal naive one.

``reading`` takes series from a file, ``candidates`` fits models to one history, ``combining`` weighs them by how they did on that
history and widens the interval to what their errors were, ``many`` does so for thousands of series side by side. ``standing`` forecasts
one series from many origins at little cost, ``leaves`` all lines of a ledger so, ``planned`` lets the plans of their accounts compete; a model
of dbt calls it. Nothing here knows dbt or Dagster.
"""

from __future__ import annotations

from finance_hub.forecast.combining import Forecast, forecast
from finance_hub.forecast.many import forecast_all
from finance_hub.forecast.reading import ForecastError, Series, read
from finance_hub.forecast.standing import Standing, standing

__all__ = ["Forecast", "ForecastError", "Series", "Standing", "forecast", "forecast_all", "read", "standing"]
