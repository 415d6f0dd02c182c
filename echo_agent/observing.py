"""What is seen of Echo from outside: one structured event a step, as a log record and as an OpenTelemetry span.

Photographs, questions and answers are in no event: names, numbers and digests are. Secrets are hidden everywhere.
"""

import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

LOGGER = logging.getLogger("echo_agent")

_USER_INFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_NAMED = re.compile(
    r"(?i)([\w-]*(?:key|token|password|passwd|secret|signature)[\w-]*[\"']?\s*[=:]\s*[\"']?)(?:bearer\s+)?[^\s\"'&,;}]+"
)
_BEARER = re.compile(r"(?i)\bbearer\s+[\w.~+/=-]+")
HIDDEN = "…"


def hide_secrets(text: str) -> str:
    """Text without the user and password of an address, and without the values of what is named as a secret."""
    shown = _USER_INFO.sub(HIDDEN, text)
    return _NAMED.sub(rf"\g<1>{HIDDEN}", _BEARER.sub(f"Bearer {HIDDEN}", shown))


@contextmanager
def observed(event: str, **known: Any) -> Iterator[dict[str, Any]]:
    """Observes a step.

    Args:
        event: Its name.
        known: What is known of it before.

    Yields:
        What is told of it; may be added to while it runs.
    """
    told = dict(known)
    start = time.perf_counter()
    with _span(event) as span:
        try:
            yield told
        except BaseException as error:
            told["error"] = type(error).__name__
            raise
        finally:
            told["seconds"] = round(time.perf_counter() - start, 4)
            LOGGER.info(event, extra={"told": told})
            if span is not None and span.is_recording():
                span.set_attributes(
                    {f"echo.{name}": value for name, value in told.items() if value is not None}
                )


@contextmanager
def _span(name: str) -> Iterator[Any]:
    tracer = _tracer()
    if tracer is None:
        yield None
        return
    # What an error says may hold paths and addresses: its name alone is told, as an attribute.
    with tracer.start_as_current_span(
        f"echo.{name}", record_exception=False, set_status_on_exception=False
    ) as span:
        yield span


@lru_cache(maxsize=1)
def _tracer() -> Any:
    """OpenTelemetry's tracer; None where its SDK is not installed. Spans go where the process has told the SDK."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return trace.get_tracer("echo_agent")


class JsonLines(logging.Formatter):
    """Writes a log record as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's time, level, logger, event and fields; of an exception its name and sentence."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "told", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        shown = {
            name: hide_secrets(value) if isinstance(value, str) else value for name, value in line.items()
        }
        return json.dumps(shown, default=str)


def log_as_json() -> None:
    """Lets the process write its log to stderr as JSON, a line an event."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    for other in [one for one in root.handlers if isinstance(one.formatter, JsonLines)]:
        root.removeHandler(other)
    root.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
