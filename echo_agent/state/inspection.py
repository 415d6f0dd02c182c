"""What an inspection is given and what it gives: the schemas of LangGraph Studio's form, of the server and of MCP."""

from typing import Annotated, Any

from langchain_core.messages import AnyMessage
from langgraph.channels import EphemeralValue
from langgraph.graph.message import add_messages
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from echo_agent.state.image import ImageRef
from echo_agent.state.lot_evidence import LotEvidence
from echo_agent.state.reasoning import Question
from echo_agent.state.value import Value
from echo_agent.state.verdict import Verdict

_TEXT = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_IMAGE = {"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}]}


class InspectionInput(BaseModel):
    """One photograph to inspect, and what is asked of it. Intake says in words what it cannot take.

    What a turn does not give is empty, not left from the turn before; the messages alone are kept.
    """

    model_config = ConfigDict(extra="forbid")

    image: Annotated[Any, WithJsonSchema(_IMAGE), EphemeralValue] = Field(
        default=None,
        description=(
            "The photograph: a data URL, an image block with base64, the SHA-256 of a stored image (also as "
            "echo-image:SHA256), or a path in an allowed folder. Where not given, the last image of the messages."
        ),
    )
    product: Annotated[Any, WithJsonSchema(_TEXT), EphemeralValue] = Field(
        default=None,
        description="The registered product that it shows; found out from the references where not given.",
    )
    question: Annotated[Any, WithJsonSchema(_TEXT), EphemeralValue] = Field(
        default=None,
        description="A question about the part, free or with options such as 'A) yes B) no'; a message's text else.",
    )
    name: Annotated[SkipJsonSchema[Any], EphemeralValue] = Field(
        default=None, description="What the photograph is called: its file, or a part number."
    )
    lot: Annotated[SkipJsonSchema[Any], EphemeralValue] = Field(
        default=None, description="What the other parts of its lot say of it: a LotEvidence of this process."
    )
    messages: Annotated[list[AnyMessage], add_messages] = Field(
        default_factory=list,
        description="Messages of a chat, the last with the photograph, where it comes so.",
    )


class InspectionOutput(BaseModel):
    """The verdict with all that it stands on, and the same in words as the last message."""

    verdict: Verdict | None = None
    messages: Annotated[list[AnyMessage], add_messages] = Field(default_factory=list)


class Request(Value):
    """What intake took in: the image, stored, and what is asked of it."""

    image: ImageRef
    name: str | None = None
    product: str | None = None
    question: Question | None = None
    lot: LotEvidence | None = None
