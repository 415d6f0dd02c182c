"""The knowledge cards that come with Echo: one folder a product, data only."""
