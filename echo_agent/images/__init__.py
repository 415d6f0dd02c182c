"""Every way from a path, bytes, an array, a message or a web address to RGB pixels and an ``ImageRef``."""
