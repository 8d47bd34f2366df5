"""Response curves of channels, and the split of a budget among them."""
