"""Measuring Echo: image folders, the MMAD benchmark, comparisons of runs. Only ever uses the rooms below."""
