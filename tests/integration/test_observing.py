"""What is seen of inspections from outside: one id through all steps, in the log and in spans."""

import json
import logging

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from echo_agent.inspector import Inspector
from echo_agent.memory.memory import Memory
from echo_agent.observing import JsonLines

STEPS = [
    "intake",
    "reference_extractor",
    "knowledge_guide",
    "checklist",
    "router",
    "decision_maker",
    "responder",
]


def test_an_inspection_has_one_id_through_all_steps_in_logs_and_spans(
    good_parts, scratched_part, tmp_path, caplog
):
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    inspector = Inspector(Memory.open(tmp_path / "memory", create=True))
    inspector.register("plate", good_parts)
    exporter.clear()
    with caplog.at_level(logging.INFO, "echo_agent"):
        verdicts = [
            inspector.inspect(part, product="plate") for part in (good_parts / "good-0.png", scratched_part)
        ]
    lines = [
        json.loads(JsonLines().format(record)) for record in caplog.records if record.name == "echo_agent"
    ]
    ids = list(dict.fromkeys(line["inspection"] for line in lines))
    assert len(ids) == 2
    assert None not in ids
    for one, verdict in zip(ids, verdicts, strict=True):
        own = [line for line in lines if line["inspection"] == one]
        assert set(STEPS) <= {line["event"] for line in own}
        assert len({line["image"] for line in own}) == 1
        assert own[-1]["event"] == "responder"
        assert (own[-1]["label"], own[-1]["product"]) == (verdict.label, "plate")
    spans = exporter.get_finished_spans()
    assert {f"echo.{step}" for step in STEPS} <= {span.name for span in spans}
    assert {span.attributes["echo.inspection"] for span in spans} == set(ids)
