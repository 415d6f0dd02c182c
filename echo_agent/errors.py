"""Errors that a user can act on: one sentence that names the thing and the remedy."""


class EchoError(RuntimeError):
    """Base of all errors that Echo raises on purpose; its message is fit to be shown to a user.

    It is a ``RuntimeError`` because LangGraph's server passes the message of the built-in kinds alone on to its client.
    """


class SettingsError(EchoError):
    """A setting of the process that holds a value that cannot be."""


class InputError(EchoError):
    """An input or an answer of a person that is not of the form in which it can be taken."""


class ImageError(EchoError):
    """An image that cannot be read or judged."""


class ProductError(EchoError):
    """A product that is unknown, or that cannot be registered."""


class StoreError(EchoError):
    """A memory folder that cannot be opened, read or written."""


class RecordError(StoreError):
    """An inspection that the memory has no record of, or a record that was changed."""


class EncoderError(EchoError):
    """An encoder that is missing, or that is not the one a memory was made with."""


class KnowledgeError(EchoError):
    """A knowledge card that cannot be read; the message names file and line."""


class ModelError(EchoError):
    """A multimodal language model that is missing, failing or misconfigured."""


class NoAnswerError(ModelError):
    """A model that is there but gave no usable answer to this question: the decision is ``review``, with the cause."""


class AnswerError(NoAnswerError):
    """An answer of a model that cannot be read: unparsable, not among the choices, or not a finite number."""


class ModelTimeoutError(NoAnswerError):
    """A model that did not answer in time."""


class ModelMemoryError(NoAnswerError):
    """A model that ran out of memory while it answered."""


class ModelDeviceError(NoAnswerError):
    """A device that failed while a model ran on it."""


class ModelServerError(NoAnswerError):
    """A server that cannot be reached, failed, broke off or led elsewhere."""


class DatasetError(EchoError):
    """A dataset for evaluation that is incomplete or in an unknown layout."""


class RunError(EchoError):
    """A run that cannot be read or written, or whose settings differ."""


class ReportError(EchoError):
    """A picture or page that cannot be written."""


class MissingExtraError(EchoError):
    """An optional dependency that is not installed.

    Args:
        package: The package that could not be imported.
        extra: The extra of ``echo-agent`` that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed: run pip install 'echo-agent[{extra}]'")
