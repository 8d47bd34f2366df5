"""How long customers stay and what they will spend.

``purchases`` fits the BG/NBD model to customers that buy when they like, ``spending`` the Gamma-Gamma model to what they spend, ``value``
puts a discounted worth on both, and ``survival`` counts how long contracts last. All of it is arithmetic on arrays; ``customers``
brings the customers of a warehouse to it.
"""

from __future__ import annotations


class LifetimeError(ValueError):
    """Customers to whom no model can be fitted, and why."""


__all__ = ["LifetimeError"]
