"""A Decision Maker of one's own: a case in, the probability of a defect out."""

import math
import time
from collections.abc import Sequence
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel

from echo_agent.errors import AnswerError, ModelError
from echo_agent.mllm.any_chat_model import chat_model_decider
from echo_agent.mllm.batching import BatchingScorer
from echo_agent.mllm.case import Case, Decision
from echo_agent.mllm.chat_model import EchoVLM
from echo_agent.mllm.checkpoint import CheckpointSpec, checkpoint_of
from echo_agent.mllm.decider import DecisionMaker, MllmDecider
from echo_agent.mllm.scoring import LocalScorer
from echo_agent.mllm.tools import Toolbox
from echo_agent.settings import Settings
from echo_agent.state import Answer, DecidedBy, Trace


class Decider(Protocol):
    """Decides a part from what it is shown. One of your own is handed to ``Inspector`` or ``build_graph``.

    Its word is joined with the measured evidence, and guarded: what is no probability is ``review``, and what the
    calibrated evidence rejects it does not pass alone. ``decide`` is all that it needs. Where it also has the methods
    of ``mllm.decider.DecisionMaker``, these are used: ``decided_by`` names it, ``answer`` answers the card's statements
    and ``reason`` writes the steps; without them it is called by its class, the statements stay open and the steps are
    the measured ones.

    Examples:
        >>> from echo_agent import Decider, Inspector, Memory
        >>> class ByRegions:
        ...     def decide(self, case):
        ...         return 0.9 if case.evidence.regions else 0.1
        >>> decider: Decider = ByRegions()
        >>> inspector = Inspector(Memory.open("echo-memory"), decider=decider)
        >>> verdict = inspector.inspect("photographs/new/0002.png", product="plate")
        >>> verdict.label, verdict.decided_by.model
        ('defective', 'ByRegions')
    """

    def decide(self, case: Case) -> float | Decision:
        """Decides one case.

        Args:
            case: The photograph, references, enlarged regions, evidence, domain knowledge, steps and question.

        Returns:
            Probability that the part is defective, 0 to 1; or a ``Decision``, with defect types and an answer.
        """
        ...


AnyDecider = Decider | BaseChatModel | tuple[Any, Any]
"""A Decision Maker of one's own; any LangChain chat model; a loaded transformers model and its processor."""


def as_decision_maker(own: AnyDecider, settings: Settings) -> DecisionMaker:
    """A Decision Maker that was handed in, as the experts ask one.

    Raises:
        ModelError: A pair is no image-text model with its processor, or an object is no Decision Maker.
    """
    if isinstance(own, DecisionMaker) and not isinstance(own, type):
        return own
    if isinstance(own, tuple):
        own = loaded_model(*own, settings)
    if isinstance(own, EchoVLM):
        return MllmDecider(BatchingScorer(LocalScorer(own)), own.invoke, max_pixels=own.max_pixels, chat=own)
    if isinstance(own, BaseChatModel):
        return chat_model_decider(own, settings.mllm_max_pixels)
    if isinstance(own, type) or not callable(getattr(own, "decide", None)):
        what = f"the class {own.__name__}" if isinstance(own, type) else f"{type(own).__name__}"
        raise ModelError(f"{what} is no Decision Maker: give an object with decide(case), or a chat model")
    return _OwnDecider(own)


def loaded_model(model: Any, processor: Any, settings: Settings) -> EchoVLM:
    """The chat model over a transformers model that is loaded, and its processor."""
    name = str(getattr(getattr(model, "config", None), "_name_or_path", "")) or type(model).__name__
    spec = CheckpointSpec.from_settings(name, settings)
    return EchoVLM(
        spec=spec,
        loaded=checkpoint_of(spec, model, processor, "loaded"),
        max_pixels=settings.mllm_max_pixels,
        timeout=settings.mllm_timeout,
    )


class _OwnDecider:
    """What a Decision Maker of one's own does not have is done without, and told."""

    def __init__(self, own: Decider) -> None:
        self._own = own

    def decided_by(self) -> DecidedBy:
        named = getattr(self._own, "decided_by", None)
        if named is not None:
            return DecidedBy.model_validate(named())
        return DecidedBy(name="own", model=type(self._own).__name__, revision="unversioned")

    def decide(self, case: Case) -> Decision:
        start = time.perf_counter()
        given = self._own.decide(case)
        if isinstance(given, Decision):
            return given
        defective = _probability(given, self.decided_by().model)
        seconds = time.perf_counter() - start
        return Decision(
            normal=1 - defective, defective=defective, decided_by=self.decided_by(), seconds=seconds
        )

    def decide_many(self, cases: Sequence[Case]) -> list[Decision]:
        return [self.decide(case) for case in cases]

    def answer(self, case: Case) -> Answer:
        answer = getattr(self._own, "answer", None)
        if answer is None:
            raise AnswerError(f"{self.decided_by().model} answers no statements")
        return Answer.model_validate(answer(case))

    def reason(self, case: Case, tools: Toolbox | None = None, budget: int = 0) -> Trace:
        reason = getattr(self._own, "reason", None)
        if reason is None:
            raise AnswerError(f"{self.decided_by().model} writes no steps")
        return Trace.model_validate(reason(case, tools, budget))


def _probability(given: object, name: str) -> float:
    try:
        value = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise AnswerError(f"{name} gave {given!r}, not the probability of a defect") from error
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise AnswerError(f"{name} gave {value}: the probability of a defect lies between 0 and 1")
    return value
