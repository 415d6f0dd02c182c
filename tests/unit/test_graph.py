from echo_agent.graph import build_graph
from graphs.inspection import graph

EDGES = {
    ("__start__", "intake", False),
    ("intake", "reference_extractor", False),
    ("reference_extractor", "knowledge_guide", False),
    ("knowledge_guide", "checklist", False),
    ("checklist", "router", False),
    ("router", "reasoning_expert", True),
    ("router", "decision_maker", True),
    ("reasoning_expert", "decision_maker", False),
    ("decision_maker", "reference_extractor", True),
    ("decision_maker", "review_queue", True),
    ("decision_maker", "responder", True),
    ("review_queue", "human_review", False),
    ("human_review", "responder", False),
    ("responder", "__end__", False),
}


def test_the_graph_is_drawn_as_it_was_designed():
    drawn = build_graph().get_graph()
    assert {(edge.source, edge.target, edge.conditional) for edge in drawn.edges} == EDGES
    labels = {edge.data for edge in drawn.edges if edge.conditional}
    assert labels == {"weigh step by step", "clear", "unsure: look again", "ask a person", "decided"}
    mermaid = drawn.draw_mermaid()
    assert all(label in mermaid for label in labels)


def test_the_exported_graph_brings_no_checkpointer():
    assert graph.checkpointer is None
    assert set(graph.get_context_jsonschema()["properties"]) >= {"memory", "mllm", "max_attempts"}
