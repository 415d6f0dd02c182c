"""Cards written as YAML that a person can go on editing, and their JSON Schema for editors."""

import json
import re
from typing import Any

import yaml

from echo_agent.knowledge.card import SCHEMA_VERSION, Card
from echo_agent.knowledge.yaml_lines import CORE


def write_card_yaml(values: dict[str, Any], heading: str) -> str:
    """Writes a card's values as YAML, long texts folded, under a comment.

    Args:
        values: The card's keys in the order in which they shall stand.
        heading: Comment above them, one line or several.
    """
    comment = "".join(f"# {line}\n" for line in heading.splitlines())
    body = yaml.dump(values, Dumper=_FoldingDumper, sort_keys=False, allow_unicode=True, width=110)
    return comment + body


def card_json_schema() -> str:
    """Returns the JSON Schema (draft 2020-12) of ``card.yaml``."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Echo knowledge card, version {SCHEMA_VERSION}",
        **{key: value for key, value in Card.model_json_schema().items() if key != "title"},
    }
    return json.dumps(schema, indent=2) + "\n"


class _FoldingDumper(yaml.SafeDumper):
    """Writes texts that do not fit a line as folded blocks."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = ">" if len(text) > 80 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_FoldingDumper.add_representer(str, _text)
for _tag, _pattern, _first in CORE:  # a text that is read as a number is written in quotes
    _FoldingDumper.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))
