"""Numbers of the service in Prometheus' format."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from echo_agent import __version__
from echo_agent.memory.memory import Memory
from echo_agent.runs.drift import DriftWatch
from echo_agent.state import Verdict

SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
UNKNOWN = "unknown"


class Metrics:
    """Counts what the service does.

    Args:
        memory: Whose products and waiting parts are read when the numbers are asked for.
        drift: Whose alarms are.
    """

    def __init__(self, memory: Memory, drift: DriftWatch) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Read(memory, drift))
        self._inspections = Counter(
            "echo_inspections", "Parts that were inspected.", ["product", "label"], registry=self.registry
        )
        self._seconds = Histogram(
            "echo_inspection_seconds",
            "Time of an inspection, from the bytes to the verdict.",
            ["product"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._failures = Counter(
            "echo_failures", "Requests that failed, by kind of error.", ["kind"], registry=self.registry
        )

    def inspected(self, verdict: Verdict, seconds: float) -> None:
        """Counts an inspection."""
        product = verdict.product or UNKNOWN
        self._inspections.labels(product, verdict.label).inc()
        self._seconds.labels(product).observe(seconds)

    def failed(self, kind: str) -> None:
        """Counts a request that failed."""
        self._failures.labels(kind).inc()

    def text(self) -> bytes:
        """All numbers, as Prometheus reads them."""
        return generate_latest(self.registry)


class _Read(Collector):
    """What is read when the numbers are asked for."""

    def __init__(self, memory: Memory, drift: DriftWatch) -> None:
        self._memory, self._drift = memory, drift

    def describe(self) -> Iterator[Metric]:
        """Nothing: no name is taken before the memory is asked."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The numbers."""
        info = GaugeMetricFamily("echo_info", "The service's version.", labels=["version", "encoder"])
        info.add_metric([__version__, self._memory.encoder_name], 1)
        yield info
        products = self._memory.products()
        versions = GaugeMetricFamily(
            "echo_product_version", "Version of a product's memory.", labels=["product"]
        )
        for record in products:
            versions.add_metric([record.name], record.version)
        yield versions
        yield GaugeMetricFamily(
            "echo_waiting_parts",
            "Parts that wait for a person.",
            value=self._memory.inspections.count_waiting(),
        )
        drift = GaugeMetricFamily(
            "echo_drift",
            "Nearness to an alarm of drift: from 1 on with a change that matters there is one.",
            labels=["product"],
        )
        for product, nearness in self._drift.statistics().items():
            drift.add_metric([product], nearness)
        yield drift
        alarms = GaugeMetricFamily(
            "echo_drift_alarms", "Alarms of drift since the start.", labels=["product"]
        )
        for record in products:
            found = [alarm for alarm in self._drift.alarms if alarm.product == record.name]
            alarms.add_metric([record.name], len(found))
        yield alarms
