"""The description of the server (OpenAPI) and the server say the same."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from exchanges import BAD, GOOD, JSON, body
from hypothesis import given
from hypothesis import strategies as st

from synthhealth.aws._serving._answers import failure
from synthhealth.aws.server import Service, create_app
from synthhealth.aws.serving import Reply, RequestError, input_fn, model_fn, respond

pytest.importorskip("starlette", reason="the server needs the extra 'serve'")
httpx = pytest.importorskip("httpx", reason="httpx is not installed")

DESCRIPTION: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "deploy" / "sagemaker" / "openapi.json").read_text()
)
PATHS = DESCRIPTION["paths"]
ANSWERS = PATHS["/invocations"]["post"]["responses"]


def resolved(value: dict[str, Any]) -> dict[str, Any]:
    found: Any = value
    while "$ref" in found:
        place: Any = DESCRIPTION
        for step in found["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        found = place
    return found


def schema_of(name: str) -> Any:
    # The references within are to the whole document.
    document = {**DESCRIPTION, "$ref": f"#/components/schemas/{name}"}
    return jsonschema.Draft202012Validator(document)


REQUEST, ROWS = schema_of("Request"), schema_of("Rows")


def check_described(reply: Reply) -> None:
    """Compare an answer with what is described for its status."""
    described = resolved(ANSWERS[str(reply.status)])
    assert reply.media_type in described["content"]
    schema = described["content"][reply.media_type]["schema"]
    if reply.media_type == JSON:
        schema_of(schema["$ref"].split("/")[-1]).validate(json.loads(reply.body))
    told = set(reply.headers)
    assert told <= set(described.get("headers", {}))


def test_all_schemas_are_schemas():
    for name in DESCRIPTION["components"]["schemas"]:
        jsonschema.Draft202012Validator.check_schema(DESCRIPTION["components"]["schemas"][name])
    (example,) = DESCRIPTION["components"]["schemas"]["Request"]["examples"]
    REQUEST.validate(example)


def test_paths_and_methods_are_those_of_the_server(model_dir):
    app = create_app(Service(lambda: model_fn(model_dir)))
    served = {route.path: {name.lower() for name in route.methods} for route in app.routes}
    assert {path: set(methods) for path, methods in PATHS.items()} == {
        path: methods - {"head"} for path, methods in served.items()
    }


@pytest.mark.parametrize("exchange", [*GOOD, *BAD], ids=lambda one: one.name)
def test_answers_are_as_described(exchange, model):
    check_described(respond(model, exchange.body, exchange.content_type, exchange.accept))


def test_a_drawn_seed_and_a_failure_are_as_described(model):
    reply = respond(model, body(num_rows=2), JSON, None)
    assert reply.headers
    check_described(reply)
    check_described(failure(RuntimeError("x")))


def test_execution_parameters_and_a_server_that_is_not_ready_are_as_described(model_dir):
    app = create_app(Service(lambda: model_fn(model_dir)))

    async def ask() -> tuple[Any, Any, Any]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            parameters = await client.get("/execution-parameters")
            refused = await client.post("/invocations", content=body(num_rows=1))
            return parameters, refused, await client.get("/ping")

    parameters, refused, ping = asyncio.run(ask())
    schema_of("ExecutionParameters").validate(parameters.json())
    check_described(Reply(refused.status_code, refused.headers["content-type"], refused.content))
    assert refused.status_code == 503
    assert str(ping.status_code) in PATHS["/ping"]["get"]["responses"]


texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.just("x" * 1001)
numbers = (
    st.integers(-3, 3)
    | st.sampled_from([100_000, 100_001, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63])
    # The description cannot say that 2.0 is not a whole number here.
    | st.floats(-1e6, 1e6).filter(lambda number: not number.is_integer())
)
scalars = st.none() | st.booleans() | numbers | texts
values = (
    scalars | st.lists(scalars, max_size=2) | st.dictionaries(texts, scalars, max_size=3)
) | st.dictionaries(texts, st.lists(scalars, max_size=1), max_size=2)
near = st.fixed_dictionaries(
    {"num_rows": st.integers(1, 100_000) | values},
    optional={
        "seed": numbers | values,
        "conditions": st.dictionaries(texts, scalars, max_size=3) | values,
        "format": st.sampled_from(["csv", "json", "jsonlines", "parquet"]) | values,
        "rows": scalars,
    },
)


@given(near | values)
def test_what_is_described_is_read_and_nothing_else(value):
    is_described = REQUEST.is_valid(value)
    try:
        input_fn(json.dumps(value), JSON)
        is_read = True
    except RequestError:
        is_read = False
    assert is_read == is_described


@given(
    request=st.fixed_dictionaries(
        {"num_rows": st.integers(1, 30)},
        optional={
            "seed": st.integers(0, 2**63 - 1),
            "conditions": st.dictionaries(
                st.sampled_from(["age", "sex", "crp", "visit", "none"]), scalars, max_size=2
            ),
            "format": st.sampled_from(["csv", "json", "jsonlines", "parquet", None]),
        },
    )
)
def test_any_described_request_gets_an_answer_as_described(request, model):
    reply = respond(model, json.dumps(request).encode(), JSON, None)
    assert reply.status in (200, 422 if request.get("conditions") else 200, 400)
    assert (reply.status == 400) == (not REQUEST.is_valid(request))
    check_described(reply)
