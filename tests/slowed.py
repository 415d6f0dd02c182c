"""Echo's command line that takes a second for each call of one of its functions, after some: a signal finds it at work.

Usage: ``python -m tests.slowed MODULE:FUNCTION CALLS ARGUMENT...``, where the first calls take as long as ever.
"""

import itertools
import sys
import time
from importlib import import_module

if __name__ == "__main__":
    place, calls, *arguments = sys.argv[1:]
    module, _, name = place.partition(":")
    owner, _, function = name.rpartition(".")
    at = import_module(module)
    at = getattr(at, owner) if owner else at
    plain, turns = getattr(at, function), itertools.count()

    def slowly(*given, **named):
        if next(turns) >= int(calls):
            time.sleep(1)
        return plain(*given, **named)

    setattr(at, function, slowly)
    from echo_agent.cli.app import app

    app(arguments)
