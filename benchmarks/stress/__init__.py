"""Echo under attack: ``python -m benchmarks.stress``, one kind of attack a module.

A module's ``ATTACKS`` names what it tries. Each is a generator that takes an empty folder of its own and how many
attempts are wanted, and yields for each attempt None where Echo held, or a sentence that says how it did not.
"""
