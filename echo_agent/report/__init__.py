"""What a person sees: words, tables, pictures with anomaly maps, the HTML page."""
