"""Structured logs: one JSON object a line, with what was passed as ``extra``. Secrets never reach a log call."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from typing import IO, Any

import msgspec

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Time (RFC 3339, UTC), level, logger, message, the extras, and a trace where there is an exception."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, Any] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({key: value for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class Withheld(logging.Filter):
    """Takes texts out of messages: OpenTelemetry quotes headers that it cannot read."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = [each for each in secrets if each]

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true."""
        message = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:  # a trace quotes what the message does
            message += f": {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
            record.exc_info = None
        for secret in self._secrets:
            message = message.replace(secret, "...")
        record.msg, record.args = message, ()
        return True


def configure(stream: IO[str], level: str, secrets: Iterable[str] = ()) -> None:
    """Send the package's logs to ``stream`` from ``level`` on, and what OpenTelemetry complains of, without secrets."""
    withheld = Withheld(secrets)
    for name, least in (("gate", level.upper()), ("opentelemetry", "WARNING")):
        handler = logging.StreamHandler(stream)
        handler.setFormatter(JsonFormatter())
        if name != "gate":
            handler.addFilter(withheld)
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(least)
        logger.propagate = False
