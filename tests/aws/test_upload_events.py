"""Any event, however malformed, ends in words and not in a traceback."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from synthhealth.aws.uploads.events import objects_of, queued_messages
from synthhealth.aws.uploads.work import Places, Worker
from synthhealth.errors import FileError, ParameterError, SynthHealthError

leaf = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["aws.s3", "Object Created", "aws:sqs", "raw/%ff+.csv", "raw/../x", "null"])
)
anything = st.recursive(
    leaf,
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=5), one, max_size=3),
    max_leaves=6,
)


def spoiled(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Give objects of which parts are missing or something else, or something else altogether."""
    return st.fixed_dictionaries({}, optional=parts) | anything


key = st.sampled_from(["raw/a.csv", "clean/a.csv", "raw/", ""]) | anything
stored = spoiled(
    bucket=spoiled(name=st.just("ward") | anything),
    object=spoiled(
        **{"key": key, "versionId": anything, "version-id": anything, "sequencer": anything}
    ),
)
notified = spoiled(eventName=st.just("ObjectCreated:Put") | anything, s3=stored)
s3_event = spoiled(
    **{
        "Records": st.lists(notified, max_size=2) | anything,
        "source": st.just("aws.s3"),
        "detail-type": st.just("Object Created") | anything,
        "detail": stored,
        "Event": anything,
    }
)
whole = {"bucket": {"name": "ward"}, "object": {"key": 5}}
message = st.fixed_dictionaries(
    {"eventSource": st.just("aws:sqs")},
    optional={
        "messageId": st.just("m1") | anything,
        "body": s3_event.map(json.dumps) | anything | st.just("[" * 100_000),
    },
)


class Store:
    """Answers nothing."""

    def __getattr__(self, name: str) -> Any:
        raise FileError("the store does not answer")


def handle(event: Any) -> Any:
    return Worker(Store(), Places()).handle(event)


@given(s3_event)
@example({"source": "aws.s3", "detail-type": "Object Created", "detail": whole})
@example({"Records": [{"eventName": "ObjectCreated:Put", "s3": whole}]})
def test_any_event_of_s3_ends_in_words(event: Any) -> None:
    with suppress(SynthHealthError):
        for one in objects_of(event):
            assert all(isinstance(part, str) and part for part in (one.bucket, one.key))
            assert isinstance(one.version, str | None)
            assert isinstance(one.sequencer, str | None)
        handle(event)


@given(st.lists(message, min_size=1, max_size=3))
def test_any_batch_of_messages_ends_in_words(messages: list[dict[str, Any]]) -> None:
    event = {"Records": messages}
    if not all(isinstance(one.get("messageId"), str) for one in messages):
        with pytest.raises(ParameterError, match="has no id"):
            queued_messages(event)
        return
    found = queued_messages(event)
    assert found is not None
    told = {one["itemIdentifier"] for one in handle(event)["batchItemFailures"]}
    assert told <= {name for name, _ in found}


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, "5", "null", '{"Records": [{}]}'])
def test_a_message_that_is_no_event_is_told_in_words(body, caplog):
    messages = [{"eventSource": "aws:sqs", "messageId": "m1", "body": body}]
    with caplog.at_level(logging.ERROR):
        assert handle({"Records": messages}) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert "not an S3 event" in caplog.text
    assert "Traceback" not in caplog.text
