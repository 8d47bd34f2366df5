"""Which channels earned the conversions: multi-touch attribution over paths.

``read`` makes a table of touches of a file of paths; ``attribute`` divides conversions and value by any of ``MODELS``. The rule models
are SQL over that table (``rules``); Markov chains, Shapley values and the effects of touches on the odds are computed on arrays
(``markov``, ``shapley``, ``logistic``). ``touches`` gives credit to single touches of a warehouse's conversions.
"""

from __future__ import annotations

from finance_hub.attribution.credits import MODELS, Credit, attribute, needing_only_paths
from finance_hub.attribution.paths import AttributionError, read

__all__ = ["MODELS", "AttributionError", "Credit", "attribute", "needing_only_paths", "read"]
