"""The service: inspections over HTTP, for machines at the line."""
