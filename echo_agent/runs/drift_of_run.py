"""Drift over a run: an observer that gives each line to the watch, and the alarms to ``run.json``."""

from collections.abc import Callable
from typing import Any

from echo_agent.runs.drift import Drift, DriftWatch
from echo_agent.runs.line import Line


class DriftOfRun:
    """Watches a run; after a restart it has seen what was inspected before.

    Args:
        watch: What finds a drift.
        alarm: What is called with each drift that is found anew.
        seen: Lines that were written before: their alarms were given already.
    """

    name = "drift"

    def __init__(self, watch: DriftWatch, alarm: Callable[[Drift], None], seen: int = 0) -> None:
        self._watch = watch
        self._alarm = alarm
        self._seen = seen

    def saw(self, line: Line) -> None:
        """See ``Observer.saw``."""
        if line.reference is None:
            return
        drift = self._watch.add(line.reference, line.verdict)
        if drift is not None and line.number > self._seen:
            self._alarm(drift)

    def told(self) -> Any:
        """See ``Observer.told``."""
        return [drift.model_dump(mode="json") for drift in self._watch.alarms] or None

    def close(self) -> None:
        """See ``Observer.close``."""
