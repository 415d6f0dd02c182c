"""Many inspections together: what a shift, a batch or the page sees that a single verdict does not."""
