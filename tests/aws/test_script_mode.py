"""The script-mode entry point, called by SageMaker's own inference toolkit in this process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from exchanges import BAD, GOOD, JSON, SECRET, Exchange, Reply, body, check

from synthhealth import Synthesizer

transformer = pytest.importorskip(
    "sagemaker_inference.transformer", reason="sagemaker-inference is not installed"
)
handlers = pytest.importorskip("sagemaker_inference.default_handler_service")

ENTRY = Path(__file__).resolve().parents[2] / "deploy" / "sagemaker"

#: What the toolkit decodes itself, before it calls anybody.
DECODED = ("no UTF-8",)


class Properties:
    def __init__(self, headers: dict[str, str]) -> None:
        self._headers = headers

    def get_request_properties(self) -> dict[str, str]:
        return self._headers


class Context:
    """What the toolkit asks of the model server's context, which is one for all requests."""

    def __init__(self, model_dir: Path) -> None:
        self.system_properties = {"model_dir": str(model_dir)}
        self.begin({})

    def begin(self, headers: dict[str, str]) -> None:
        self.request_processor = [Properties(headers)]
        self.status, self.media_type = 200, ""
        self.headers: dict[str, str] = {}

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.status = code

    def set_response_header(self, idx: int, key: str, value: str) -> None:
        self.headers[key] = value

    def set_response_content_type(self, request_id: int, value: str) -> None:
        self.media_type = value


class Toolkit:
    def __init__(self, model_dir: Path) -> None:
        self.context = Context(model_dir)
        self.service: Any = handlers.DefaultHandlerService(transformer.Transformer())
        self.service.initialize(self.context)

    def invoke(self, exchange: Exchange) -> Reply:
        given = {"Content-Type": exchange.content_type, "Accept": exchange.accept}
        self.context.begin({name: value for name, value in given.items() if value is not None})
        (content,) = self.service.handle([{"body": exchange.body}], self.context)
        return Reply(self.context.status, self.context.media_type, content)


@pytest.fixture(scope="module")
def toolkit(model_dir: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAGEMAKER_PROGRAM", "inference.py")
        patch.setenv("PYTHONPATH", "")
        patch.syspath_prepend(ENTRY)
        yield Toolkit(model_dir)
        sys.modules.pop("inference", None)


@pytest.mark.parametrize(
    "exchange", [one for one in (*GOOD, *BAD) if one.name not in DECODED], ids=lambda one: one.name
)
def test_toolkit_answers_as_the_table_says(exchange, toolkit, model):
    check(exchange, toolkit.invoke(exchange), model)


def test_a_drawn_seed_is_told(toolkit):
    first = toolkit.invoke(Exchange("", body(num_rows=5)))
    (told,) = toolkit.context.headers.values()
    assert told.startswith("synthhealth-seed=")
    again = toolkit.invoke(Exchange("", body(num_rows=5, seed=int(told.split("=")[1]))))
    assert again.body == first.body
    assert not toolkit.context.headers


def test_a_failure_is_no_traceback_in_the_toolkit_either(toolkit, monkeypatch, caplog):
    def sample(*arguments: object, **keywords: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(Synthesizer, "sample", sample)
    reply = toolkit.invoke(Exchange("", body(num_rows=1)))
    assert (reply.status, reply.media_type) == (500, JSON)
    assert b"reference" in reply.body
    for words in (reply.body.decode(), caplog.text):
        assert SECRET not in words
    assert b"Traceback" not in reply.body
