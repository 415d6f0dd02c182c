"""What normal looks like: references in Chroma, patch banks, calibration, versions."""
