"""One photograph of a run: a line of ``verdicts.jsonl``."""

import json
from datetime import datetime
from typing import Any

from pydantic import field_validator

from echo_agent.state import DecidedBy, ImageRef, Reason, Value, Verdict, flat_verdict


class Line(Value):
    """What a run says of one photograph.

    Attributes:
        number: 1 for the first line of the run.
        image: The photograph's path, as it was when it was inspected.
        part: The part that it shows a view of.
        when: When it was decided: time in ISO 8601, UTC.
        sha256: Digest of its bytes; None where it could not be read.
        size: Its size in bytes; None where there was none.
        modified: When it was last changed, in nanoseconds; None where there was none.
        width: Its width in pixels, upright; None where it could not be read.
        height: Its height in pixels, upright.
        photograph: The small photograph, relative to the run's folder; None where it could not be read.
        map: The same with anomaly map and regions; None where there is no map.
        error: Why it could not be read.
        verdict: What Echo says of it; ``review`` where it could not be read.
    """

    number: int
    image: str
    part: str
    when: str
    sha256: str | None = None
    size: int | None = None
    modified: int | None = None
    width: int | None = None
    height: int | None = None
    photograph: str | None = None
    map: str | None = None
    error: str | None = None
    verdict: Verdict

    @field_validator("when")
    @classmethod
    def _is_a_time(cls, when: str) -> str:
        datetime.fromisoformat(when)
        return when

    @property
    def reference(self) -> ImageRef | None:
        """The photograph as it was inspected; None where it could not be read."""
        if self.sha256 is None or self.width is None or self.height is None:
            return None
        return ImageRef(uri=self.image, sha256=self.sha256, width=self.width, height=self.height)

    def to_json(self) -> str:
        """The line without its end: the verdict's flat form beside the fields above."""
        own = self.model_dump(mode="json", exclude={"verdict"})
        return json.dumps(own | flat_verdict(self.verdict), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "Line":
        """Reads a line that was parsed as JSON.

        Raises:
            ValidationError: It is no line of a run.
        """
        own = {name: value for name, value in fields.items() if name in cls.model_fields}
        rest = {name: value for name, value in fields.items() if name not in cls.model_fields}
        return cls.model_validate(own | {"verdict": rest})


def unreadable(why: str) -> Verdict:
    """The verdict on a photograph that cannot be read: a person should look."""
    return Verdict(
        label="review",
        confidence=0.5,
        reasons=(Reason(kind="not compared", text=f"The photograph cannot be read: {why}"),),
        decided_by=DecidedBy(name="intake", model="intake", revision=""),
    )
