"""Echo held against itself and its peers, in a checkout: ``python -m benchmarks.NAME``, one program a file."""
