"""A fake multimodal model that says what a test tells it to, and remembers what it was shown."""

from collections.abc import Callable, Sequence

from langchain_core.messages import AIMessage, BaseMessage

from echo_agent.mllm.decider import MllmDecider
from echo_agent.mllm.prompts import CasePrompt
from echo_agent.mllm.scoring import ScoredPrompt
from echo_agent.state import DecidedBy

FAKE = DecidedBy(name="mllm", model="fake/scripted", revision="test", dtype="float32")


class FakeScorer:
    """Plays a script: each entry is P(defective), or an error that is raised; the last one repeats."""

    def __init__(self, *script: float | Exception) -> None:
        self.script = list(script)
        self.prompts: list[CasePrompt] = []
        self.orders: list[int] = []

    def score(self, prompts: Sequence[CasePrompt], orders: int) -> list[ScoredPrompt]:
        self.prompts += prompts
        self.orders.append(orders)
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, Exception):
            raise said
        return [
            ScoredPrompt(self._said(prompt, said), input_tokens=100, output_tokens=0) for prompt in prompts
        ]

    def prepare(self, prompt: CasePrompt, orders: int) -> tuple[CasePrompt, int]:
        return prompt, orders

    def run(self, prepared: Sequence[tuple[CasePrompt, int]]) -> list[ScoredPrompt]:
        return self.score([prompt for prompt, _ in prepared], prepared[0][1])

    def fitting(self) -> int:
        return 8

    def gathers(self) -> bool:
        return False

    @staticmethod
    def _said(prompt: CasePrompt, defective: float) -> dict[str, dict[str, float]]:
        said = {"verdict": {"normal": 1 - defective, "defective": defective}}
        for question in prompt.questions:
            if question.name == "verdict":
                continue
            keys = [key for key, _ in question.options]
            rest = 0.2 / max(1, len(keys) - 1)
            said[question.name] = {key: 0.8 if key == keys[0] else rest for key in keys}
        return said

    def decided_by(self) -> DecidedBy:
        return FAKE


class FakeWriter:
    """Answers with the given texts in turn; the last one repeats."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.read: list[list[BaseMessage]] = []

    def __call__(self, messages: list[BaseMessage]) -> AIMessage:
        self.read.append(messages)
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        usage = {"input_tokens": 50, "output_tokens": 5, "total_tokens": 55}
        return AIMessage(content=text, usage_metadata=usage)


def fake_decider(*script: float | Exception, writer: Callable | None = None) -> MllmDecider:
    return MllmDecider(FakeScorer(*script), writer or FakeWriter("{}"))
