"""Pixels to numbers: images, encoders, patch comparison, anomaly map, regions. Knows no graph and no store."""
