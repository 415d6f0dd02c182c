"""The state of a conversation: its messages, and what the last inspection found."""

from typing import Annotated, Literal

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages
from pydantic import BaseModel, ConfigDict, Field

from echo_agent.state import ImageRef, Question, Verdict

Turn = Literal["new image", "question", "refused"]


class ChatInput(BaseModel):
    """What a turn brings: a message, with a photograph or without."""

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[AnyMessage], add_messages] = Field(
        default_factory=list, description="One message of a person: text, a photograph, or both."
    )
    product: str | None = Field(
        default=None,
        description="The product that the photographs show; found out from the references where not given.",
    )


class ChatState(ChatInput):
    """A conversation on a thread.

    Attributes:
        turn: What the last turn was.
        image: The photograph that is talked about, stored; never its pixels.
        name: What that photograph is called by whoever sent it.
        question: The last question.
        verdict: What the inspection of that photograph found.
    """

    turn: Turn = "question"
    image: ImageRef | None = None
    name: str | None = None
    question: Question | None = None
    verdict: Verdict | None = None
