"""The MLLM as a Decision Maker: closed questions scored, open ones answered, a trace written."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from echo_agent.errors import AnswerError, ModelMemoryError
from echo_agent.mllm.case import Case, Decision
from echo_agent.mllm.delimiters import delimited
from echo_agent.mllm.prompts import (
    TOOL_ANSWER,
    TOOLS_SPENT,
    TOOLS_TASK,
    TRACE_REPAIR,
    TRACE_TASK,
    case_prompt,
    free_question,
    question_prompt,
)
from echo_agent.mllm.scoring import ChoiceScorer, ScoredPrompt
from echo_agent.mllm.tools import Toolbox, ToolRequest, ToolResult, read_request
from echo_agent.mllm.trace import known_ids, read_trace
from echo_agent.state import Answer, DecidedBy, ToolCall, Trace

Writer = Callable[[list[BaseMessage]], AIMessage]


@runtime_checkable
class DecisionMaker(Protocol):
    """What the experts ask of a model that decides."""

    def decide(self, case: Case) -> Decision:
        """Decides one case; raises a ``ModelError`` where no decision can be had."""
        ...

    def decide_many(self, cases: Sequence[Case]) -> list[Decision]:
        """Decides several cases, in one batch where the model can."""
        ...

    def answer(self, case: Case) -> Answer:
        """Answers the case's closed question alone; raises a ``ModelError`` where no answer can be had."""
        ...

    def reason(self, case: Case, tools: Toolbox | None = None, budget: int = 0) -> Trace:
        """Writes the steps of the reasoning; raises ``AnswerError`` where they cannot be read twice."""
        ...

    def decided_by(self) -> DecidedBy:
        """Names the model, its revision and its dtype."""
        ...


class MllmDecider:
    """A Decision Maker over any model that scores choices and writes text.

    Args:
        scorer: Weighs closed answers.
        writer: Writes free text, for traces and open questions.
        max_pixels: Pixels an image is reduced to where the case does not say.
        chat: The model that answers in a conversation, where it is handed in with the Decision Maker.
    """

    def __init__(
        self,
        scorer: ChoiceScorer,
        writer: Writer,
        *,
        max_pixels: int = 448 * 448,
        chat: BaseChatModel | None = None,
    ) -> None:
        self.chat = chat
        self._scorer = scorer
        self._writer = writer
        self._max_pixels = max_pixels

    def decided_by(self) -> DecidedBy:
        """Names the model, its revision and its dtype."""
        return self._scorer.decided_by()

    def decide(self, case: Case) -> Decision:
        """Decides one case.

        A model that runs out of memory is asked once more with half the pixels an image.

        Raises:
            AnswerError: The answer cannot be read, or is no finite number.
            ModelMemoryError: The memory does not suffice for the smaller images either.
            ModelTimeoutError: It took too long.
            ModelError: The model cannot be reached or used.
        """
        started = time.monotonic()
        notes: tuple[str, ...] = ()
        scored = self._fitting([case])
        if scored is None:
            pixels = (case.max_pixels or self._max_pixels) // 2
            case = case.model_copy(update={"max_pixels": pixels})
            notes = (f"out of memory: images were reduced to {pixels} pixels",)
            scored = self._scorer.score([case_prompt(case)], case.orders)
        return self._decision(case, scored[0], time.monotonic() - started, notes)

    def decide_many(self, cases: Sequence[Case]) -> list[Decision]:
        """Decides several cases as one batch; one by one where they do not fit the memory together."""
        if len({case.orders for case in cases}) != 1 or len(cases) == 1:
            return [self.decide(case) for case in cases]
        started = time.monotonic()
        scored = self._fitting(cases)
        if scored is None:
            return [self.decide(case) for case in cases]
        seconds = (time.monotonic() - started) / len(cases)
        return [self._decision(case, one, seconds, ()) for case, one in zip(cases, scored, strict=True)]

    def _fitting(self, cases: Sequence[Case]) -> list[ScoredPrompt] | None:
        """Scores cases; None where they do not fit the memory, with nothing of the failed try held by an error."""
        try:
            return self._scorer.score([case_prompt(case) for case in cases], cases[0].orders)
        except ModelMemoryError:
            return None

    def answer(self, case: Case) -> Answer:
        """Answers the case's closed question alone.

        Args:
            case: Its question has options.

        Raises:
            AnswerError: The answer cannot be read, or the question has no options.
            ModelError: The model cannot be reached or used.
        """
        (scored,) = self._scorer.score([question_prompt(case)], case.orders)
        answer, _, _ = self._answer(case, scored)
        if answer is None:
            raise AnswerError("a closed question without options cannot be answered: give two at least")
        return answer

    def reason(self, case: Case, tools: Toolbox | None = None, budget: int = 0) -> Trace:
        """Writes the steps of the reasoning, repaired once where they do not fit the schema.

        Args:
            case: What the model is shown.
            tools: What it may call meanwhile.
            budget: How often.

        Raises:
            AnswerError: The steps cannot be read, twice.
            ModelError: The model cannot be reached or used.
        """
        manual = tools.manual() if tools is not None and budget else ""
        task = f"{TRACE_TASK}\n{TOOLS_TASK.format(budget=budget, manual=manual)}" if manual else TRACE_TASK
        messages = case_prompt(case).conversation(task)
        written_by = self.decided_by().model
        answer = self._writer(messages)
        calls: list[ToolCall] = []
        while tools is not None and manual and (request := read_request(answer.text)) is not None:
            if len(calls) == budget:
                messages = [*messages, AIMessage(answer.text), HumanMessage(TOOLS_SPENT)]
                answer = self._writer(messages)
                break
            result = tools.call(request)
            calls.append(_call(f"A{len(calls) + 1}", request, result))
            shown = _told(calls[-1], result, budget - len(calls))
            messages = [*messages, AIMessage(answer.text), shown]
            answer = self._writer(messages)
        try:
            return read_trace(answer.text, known_ids(case), written_by, calls)
        except AnswerError as error:
            repair = [*messages, AIMessage(answer.text), HumanMessage(TRACE_REPAIR.format(error=error))]
            return read_trace(self._writer(repair).text, known_ids(case), written_by, calls)

    def _decision(self, case: Case, scored: ScoredPrompt, seconds: float, notes: tuple[str, ...]) -> Decision:
        verdict = scored.probabilities["verdict"]
        answer, read, written = self._answer(case, scored)
        return Decision(
            normal=verdict["normal"],
            defective=verdict["defective"],
            defect_types=scored.probabilities.get("defect type", {}),
            answer=answer,
            decided_by=self.decided_by(),
            prompt=case_prompt(case).text,
            notes=notes,
            seconds=seconds,
            input_tokens=None if scored.input_tokens is None else scored.input_tokens + read,
            output_tokens=None if scored.output_tokens is None else scored.output_tokens + written,
        )

    def _answer(self, case: Case, scored: ScoredPrompt) -> tuple[Answer | None, int, int]:
        """Returns the answer to the caller's question, and the tokens read and written for it alone."""
        if case.question is None:
            return None, 0, 0
        options = scored.probabilities.get("question")
        if options is not None:
            letter = max(options, key=lambda key: options[key])
            text, confidence = case.question.options[letter], options[letter]
            return Answer(letter=letter, text=text, confidence=confidence, probabilities=options), 0, 0
        message = self._writer(case_prompt(case).conversation(free_question(case)))
        if not message.text.strip():
            raise AnswerError(f"{self.decided_by().model} answered the question with nothing")
        usage = message.usage_metadata
        tokens = (usage["input_tokens"], usage["output_tokens"]) if usage else (0, 0)
        return Answer(text=message.text.strip()), *tokens


def _call(identity: str, request: ToolRequest, result: ToolResult) -> ToolCall:
    arguments = json.dumps(request.arguments, ensure_ascii=False)[:300]
    return ToolCall(id=identity, tool=request.tool, arguments=arguments, result=result.text)


def _told(call: ToolCall, result: ToolResult, left: int) -> HumanMessage:
    """The message that brings a tool's result; its words may come from documents, so they are delimited."""
    blocks: list[str | dict[str, str]] = [
        {"type": "text", "text": TOOL_ANSWER.format(id=call.id, left=left)},
        {"type": "text", "text": delimited("result", result.text)},
    ]
    for heading, image in result.images:
        blocks += [{"type": "text", "text": heading}, {"type": "image", "path": image.uri}]
    return HumanMessage(blocks)
