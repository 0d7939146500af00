"""Requests are sent to moto's server over HTTP, followed, and deleted.

moto writes down what it is sent and judges nothing: the judge is tested beside it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
moto_server = pytest.importorskip("moto.server", reason="moto[server] is not installed")

from botocore.exceptions import ClientError, EndpointConnectionError  # noqa: E402
from launching import (  # noqa: E402
    KEY,
    NETWORK,
    endpoint,
    package,
    report_bytes,
    sampling,
    serverless,
    training,
    transform,
)

from synthhealth.aws import launch  # noqa: E402
from synthhealth.aws._launch import _status  # noqa: E402
from synthhealth.aws._launch._sending import in_words  # noqa: E402
from synthhealth.aws.launch import AwsError, LaunchError, RefusedError  # noqa: E402

CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": address,
    }.items():
        monkeypatch.setenv(name, value)
    return address


@pytest.fixture
def sagemaker(aws: str) -> Any:
    return boto3.client("sagemaker")


def make_bucket(name: str, blocks: dict[str, bool] | None) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    if blocks is not None:
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=blocks)


def test_training_is_sent_and_followed(sagemaker: Any) -> None:
    settings = training(name="followed", hyperparameters={"log_scale": True})
    answer = launch.send(launch.training_job(settings), sagemaker)
    assert answer["TrainingJobArn"].endswith("training-job/followed")
    recorded = sagemaker.describe_training_job(TrainingJobName="followed")
    assert recorded["HyperParameters"]["log_scale"] == "true"
    assert recorded["OutputDataConfig"]["KmsKeyId"] == KEY
    assert recorded["EnableNetworkIsolation"] is True
    assert recorded["VpcConfig"]["Subnets"] == NETWORK["subnets"]
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    stream = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": "followed/algo-1-1"}
    logs.create_log_stream(**stream)
    now = int(time.time() * 1000)
    lines = [f"line {i}: train:epoch={i};" for i in range(3)]
    logs.put_log_events(
        logEvents=[{"timestamp": now + i, "message": line} for i, line in enumerate(lines)],
        **stream,
    )
    told: list[str] = []
    outcome = launch.follow("followed", "training", on_line=told.append, poll_seconds=0)
    assert outcome.exit_code == 0
    assert [line for line in told if line.startswith("line")] == lines
    assert "training followed: Completed" in told
    assert outcome.model_data is not None


def test_the_same_training_has_the_same_name(sagemaker: Any) -> None:
    # AWS refuses a name that is taken; moto writes it down again.
    names = {
        launch.send(launch.training_job(training(random_state=41)), sagemaker)["TrainingJobArn"]
        for _ in range(2)
    }
    assert len(names) == 1


def test_an_endpoint_is_made_followed_and_deleted(sagemaker: Any) -> None:
    settings = endpoint(name="whole")
    answers = launch.send_all(launch.hosting(settings), sagemaker)
    assert [list(answer) for answer in answers] == [
        ["ModelArn"],
        ["EndpointConfigArn"],
        ["EndpointArn"],
    ]
    assert launch.follow("whole", client=sagemaker, poll_seconds=0).exit_code == 0
    deletion = launch.plan_deletion("whole")
    assert deletion.remains == (settings.model_data,)
    assert len(deletion.models) == 1
    launch.delete_endpoint(deletion)
    with pytest.raises(LaunchError, match="no endpoint of the name 'whole'"):
        launch.plan_deletion("whole")
    for things, name in (
        (sagemaker.list_models()["Models"], "ModelName"),
        (sagemaker.list_endpoint_configs()["EndpointConfigs"], "EndpointConfigName"),
    ):
        assert not {one[name] for one in things} & {deletion.config, *deletion.models}


def test_a_sending_that_broke_off_can_be_repeated() -> None:
    sent: list[str] = []

    class Halfway:
        def create_model(self, **_: Any) -> None:
            raise refusal("ValidationException", "Cannot create already existing model x")

        def create_endpoint_config(self, **_: Any) -> None:
            raise refusal("ValidationException", "Cannot create already existing config x")

        def create_endpoint(self, **_: Any) -> dict[str, Any]:
            sent.append("endpoint")
            return {"EndpointArn": "arn", "ResponseMetadata": {}}

    answers = launch.send_all(launch.hosting(endpoint()), Halfway())
    assert answers == [{}, {}, {"EndpointArn": "arn"}]
    assert sent == ["endpoint"]


def test_an_endpoint_that_exists_is_not_taken_for_the_new_one() -> None:
    class Taken:
        def create_model(self, **_: Any) -> dict[str, Any]:
            return {}

        create_endpoint_config = create_model

        def create_endpoint(self, **_: Any) -> None:
            raise refusal("ValidationException", "Cannot create already existing endpoint x")

    with pytest.raises(AwsError, match="the name is taken"):
        launch.send_all(launch.hosting(endpoint()), Taken())


@pytest.mark.parametrize("kind", ["serverless", "async"])
def test_other_hostings_are_recorded(sagemaker: Any, kind: str) -> None:
    settings = (
        serverless(name=f"an-{kind}")
        if kind == "serverless"
        else endpoint(name=f"an-{kind}", kind="async", output="s3://hospital/answers/")
    )
    launch.send_all(launch.hosting(settings), sagemaker)
    name = launch.hosting(settings)[1].parameters["EndpointConfigName"]
    config = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    variant = config["ProductionVariants"][0]
    if kind == "serverless":
        assert variant["ServerlessConfig"] == {"MemorySizeInMB": 4096, "MaxConcurrency": 5}
    else:
        assert variant["InstanceType"] == "ml.m5.large"
        # moto keeps no AsyncInferenceConfig; with it, what remains would name the answers.
        deletion = launch.plan_deletion(settings.name)
        assert settings.model_data in deletion.remains


def test_sampling_transform_and_tuning_are_recorded(sagemaker: Any) -> None:
    job = sampling(name="rows")
    launch.send(launch.sampling_job(job), sagemaker)
    recorded = sagemaker.describe_processing_job(ProcessingJobName="rows")
    assert recorded["AppSpecification"]["ContainerEntrypoint"][-1] == "sample"
    assert recorded["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert launch.describe("rows", client=sagemaker)[0].kind == "processing"

    model = launch.hosting(endpoint(name="batch"))[0]
    launch.send(model, sagemaker)
    batch = transform(name="lines", model_name=model.parameters["ModelName"])
    launch.send(launch.transform_job(batch), sagemaker)
    recorded = sagemaker.describe_transform_job(TransformJobName="lines")
    assert recorded["TransformInput"]["SplitType"] == "Line"
    assert launch.describe("lines", client=sagemaker)[0].kind == "transform"

    tuning = launch.TuningSettings(
        name="tuned",
        training=training(synthesizer="ctgan"),
        ranges={"steps": launch.IntegerRange(low=100, high=600)},
    )
    launch.send(launch.tuning_job(tuning), sagemaker)
    assert launch.describe("tuned", "tuning", sagemaker)[0].status != "Unknown"


def test_the_registry_waits_for_approval(sagemaker: Any) -> None:
    figures = launch.Figures.from_bytes(report_bytes())
    requests = [
        launch.model_package_group(package()),
        launch.model_package(package(), figures),
        launch.model_card(package(), figures),
    ]
    answers = launch.send_all(requests, sagemaker)
    arn = answers[1]["ModelPackageArn"]
    recorded = sagemaker.describe_model_package(ModelPackageName=arn)
    assert recorded["ModelApprovalStatus"] == "PendingManualApproval"
    assert recorded["CustomerMetadataProperties"]["ks_average.verdict"] == "within the noise floor"
    card = sagemaker.describe_model_card(ModelCardName=requests[2].parameters["ModelCardName"])
    assert json.loads(card["Content"])["intended_uses"]["risk_rating"] == "Unknown"


def test_an_unknown_name_is_said(sagemaker: Any) -> None:
    with pytest.raises(LaunchError, match="no job or endpoint of the name 'nowhere'"):
        launch.describe("nowhere", client=sagemaker)
    with pytest.raises(LaunchError, match="no training job of the name 'nowhere'"):
        launch.describe("nowhere", "training", sagemaker)


# Buckets.


def test_an_open_bucket_is_refused(aws: str) -> None:
    make_bucket("open-hospital", None)
    with pytest.raises(RefusedError, match="does not block all public access"):
        launch.check_output("s3://open-hospital/models/")
    launch.check_output("s3://open-hospital/models/", allow_open=True)
    make_bucket("ajar-hospital", CLOSED | {"BlockPublicPolicy": False})
    with pytest.raises(RefusedError, match="BlockPublicPolicy"):
        launch.check_output("s3://ajar-hospital/models/")


def test_a_closed_bucket_is_accepted(aws: str) -> None:
    make_bucket("closed-hospital", CLOSED)
    found = launch.check_output("s3://closed-hospital/models/")
    assert found.notes == ()
    assert found.region == "eu-central-1"
    with pytest.raises(RefusedError, match="lies in eu-central-1, the job in eu-west-1"):
        launch.check_bucket("closed-hospital", region="eu-west-1")


def test_a_bucket_that_does_not_exist_is_said(aws: str) -> None:
    with pytest.raises(AwsError, match="does not exist"):
        launch.check_output("s3://no-such-hospital/models/")


def refusal(code: str, message: str = "", operation: str = "CreateTrainingJob") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Failing:
    """A client whose every method raises."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def method(**_: Any) -> Any:
            raise self._error

        return method


def test_a_bucket_that_may_not_be_looked_at_is_noted() -> None:
    denied = Failing(refusal("AccessDenied"))
    found = launch.check_bucket("hospital", denied)
    assert len(found.notes) == 2
    assert "s3:ListBucket" in found.notes[0]
    assert "s3:GetBucketPublicAccessBlock" in found.notes[1]


def test_an_access_point_is_noted() -> None:
    class Answering(Failing):
        def head_bucket(self, **_: Any) -> dict[str, Any]:
            return {"BucketRegion": "eu-central-1"}

    s3 = Answering(refusal("MethodNotAllowed"))
    found = launch.check_bucket("rows-abcdefghijklmnop-s3alias", s3, region="eu-central-1")
    assert "is an access point" in found.notes[0]


# AWS's errors in words.


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            refusal("AccessDeniedException", "no"),
            "lacks the permission sagemaker:CreateTrainingJob",
        ),
        (
            refusal(
                "AccessDeniedException",
                "User: arn:x is not authorized to perform: iam:PassRole on resource: arn:role/y",
            ),
            "iam:PassRole on arn:role/y; it lets the caller hand the role over",
        ),
        (refusal("ResourceInUse", "Job exists."), "the name is taken"),
        (refusal("ResourceLimitExceeded", "Limit 0."), "Service Quotas"),
        (refusal("ExpiredToken"), "expired"),
        (refusal("UnrecognizedClientException"), "does not know the credentials"),
        (refusal("ThrottlingException"), "fewer requests"),
        (refusal("ValidationException", "Image not found."), "Image not found."),
        (EndpointConnectionError(endpoint_url="http://x"), "cannot be reached"),
    ],
)
def test_errors_of_aws_in_words(error: Exception, words: str) -> None:
    with pytest.raises(AwsError) as caught:
        launch.send(launch.training_job(training()), Failing(error))
    assert words in str(caught.value)


def test_no_region_and_no_credentials_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AwsError, match="no region is known"):
        launch.send(launch.training_job(training()))
    with pytest.raises(AwsError, match="no credentials were found"):
        launch.send(launch.training_job(training()), region="eu-central-1")


# Following.


class Scripted:
    """A training job that goes through states, one a question."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Streams:
    """A log of two instances, in pages of two lines."""

    def __init__(self, lines: dict[str, list[str]]) -> None:
        self.lines = lines

    def describe_log_streams(self, **asked: Any) -> dict[str, Any]:
        names = sorted(self.lines)
        if "nextToken" in asked:
            return {"logStreams": [{"logStreamName": name} for name in names[1:]]}
        return {"logStreams": [{"logStreamName": names[0]}], "nextToken": "more"}

    def get_log_events(self, **asked: Any) -> dict[str, Any]:
        begin = int(asked.get("nextToken", 0))
        page = self.lines[asked["logStreamName"]][begin : begin + 2]
        return {
            "events": [{"message": line} for line in page],
            "nextForwardToken": str(begin + len(page)),
        }


def state(status: str, *steps: str, **others: Any) -> dict[str, Any]:
    transitions = [{"Status": step, "StatusMessage": f"{step} now"} for step in steps]
    return {"TrainingJobStatus": status, "SecondaryStatusTransitions": transitions, **others}


def test_following_tells_every_step_and_every_line_once() -> None:
    streams = Streams({"ra/algo-1": [f"a{i}" for i in range(5)], "ra/algo-2": ["b0"]})
    client = Scripted(
        state("InProgress", "Starting"),
        state("InProgress", "Starting", "Training"),
        state(
            "Failed",
            "Starting",
            "Training",
            "Failed",
            FailureReason="TableError: column 'crp'",
            FinalMetricDataList=[{"MetricName": "train:epoch", "Value": 3.0}],
            BillableTimeInSeconds=61,
        ),
    )
    told: list[str] = []
    outcome = launch.follow(
        "ra", "training", client=client, logs=streams, on_line=told.append, poll_seconds=0
    )
    assert outcome.exit_code == 1
    assert "TableError: column 'crp'" in outcome.summary()
    assert "train:epoch = 3" in outcome.summary()
    assert "61 seconds" in outcome.summary()
    assert [line for line in told if "algo" in line] == [
        *(f"[algo-1] a{i}" for i in range(5)),
        "[algo-2] b0",
    ]
    assert [line for line in told if " now" in line] == [
        "Starting: Starting now",
        "Training: Training now",
        "Failed: Failed now",
    ]


def test_a_stopped_job_ends_with_3_and_a_late_one_goes_on() -> None:
    empty = Failing(refusal("ResourceNotFoundException"))
    stopped = launch.follow("ra", "training", client=Scripted(state("Stopped")), logs=empty)
    assert stopped.exit_code == 3
    client = Scripted(state("InProgress"))
    late = launch.follow("ra", "training", client=client, logs=empty, poll_seconds=0, max_seconds=0)
    assert late.exit_code is None


def test_a_log_that_may_not_be_read_is_said_once() -> None:
    told: list[str] = []
    client = Scripted(state("InProgress"), state("InProgress"), state("Completed"))
    denied = Failing(refusal("AccessDeniedException"))
    outcome = launch.follow(
        "ra", "training", client=client, logs=denied, on_line=told.append, poll_seconds=0
    )
    assert outcome.exit_code == 0
    assert len([line for line in told if "logs:DescribeLogStreams" in line]) == 1


def test_a_job_is_followed_through_a_bad_network() -> None:
    class Shaky(Scripted):
        questions = 0

        def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
            self.questions += 1
            if self.questions in (2, 3):
                raise EndpointConnectionError(endpoint_url="http://x")
            return super().describe_training_job(TrainingJobName)

    told: list[str] = []
    empty = Failing(refusal("ResourceNotFoundException"))
    client = Shaky(state("InProgress"), state("Completed"))
    outcome = launch.follow(
        "ra", "training", client=client, logs=empty, on_line=told.append, poll_seconds=0
    )
    assert outcome.exit_code == 0
    assert len([line for line in told if "cannot be reached" in line]) == 2


@pytest.mark.parametrize(
    ("error", "questions"),
    [(refusal("ExpiredTokenException"), 2), (refusal("ThrottlingException"), 2 + _status.PATIENCE)],
)
def test_following_is_given_up_when_it_cannot_go_on(error: Exception, questions: int) -> None:
    class Ending(Scripted):
        questions = 0

        def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
            self.questions += 1
            if self.questions > 1:
                raise error
            return state("InProgress")

    client = Ending()
    empty = Failing(refusal("ResourceNotFoundException"))
    with pytest.raises(AwsError, match="ra itself goes on"):
        launch.follow("ra", "training", client=client, logs=empty, poll_seconds=0)
    assert client.questions == questions


def test_the_last_lines_of_a_log_are_not_lost() -> None:
    # They may be written after the job's end was told: the log is read after the status.
    class Late(Streams):
        def describe_log_streams(self, **asked: Any) -> dict[str, Any]:
            self.lines["ra/algo-1"].append("the end")
            return {"logStreams": [{"logStreamName": "ra/algo-1"}]}

    told: list[str] = []
    launch.follow(
        "ra",
        "training",
        client=Scripted(state("Completed")),
        logs=Late({"ra/algo-1": []}),
        on_line=told.append,
    )
    assert "the end" in told


def test_every_kind_has_its_states() -> None:
    for kind in _status.KINDS:
        way = _status._WAYS[kind]
        assert _status.Outcome(kind, "x", way.done).exit_code == 0
        assert {_status.Outcome(kind, "x", word).exit_code for word in way.failed} == {1}
        assert {_status.Outcome(kind, "x", word).exit_code for word in way.stopped} == {3}
        assert _status.Outcome(kind, "x", "InProgress").exit_code is None


# What remains after deletion.


def test_what_remains_names_models_and_answers() -> None:
    class Endpoint:
        def describe_endpoint(self, **_: Any) -> dict[str, Any]:
            return {"EndpointConfigName": "c"}

        def describe_endpoint_config(self, **_: Any) -> dict[str, Any]:
            return {
                "ProductionVariants": [{"ModelName": "m"}],
                "AsyncInferenceConfig": {
                    "OutputConfig": {"S3OutputPath": "s3://h/a/", "S3FailurePath": "s3://h/f/"}
                },
            }

        def describe_model(self, **_: Any) -> dict[str, Any]:
            source = {"S3DataSource": {"S3Uri": "s3://h/m/"}}
            return {"PrimaryContainer": {"ModelDataSource": source}}

    deletion = launch.plan_deletion("e", Endpoint())
    assert deletion.remains == ("s3://h/m/", "s3://h/a/", "s3://h/f/")
    assert "In S3 remain: s3://h/m/, s3://h/a/, s3://h/f/." in deletion.summary()


def test_deleting_begins_with_what_is_charged() -> None:
    called: list[str] = []

    class Client:
        def __getattr__(self, name: str) -> Any:
            def method(**_: Any) -> None:
                called.append(name)
                if name == "delete_endpoint_config":
                    raise refusal("AccessDeniedException")

            return method

    with pytest.raises(AwsError, match="sagemaker:DeleteEndpointConfig"):
        launch.delete_endpoint(launch.Deletion("e", "c", ("m",), ()), Client())
    assert called == ["delete_endpoint", "delete_endpoint_config"]


def test_in_words_lets_our_own_errors_through() -> None:
    with pytest.raises(RefusedError), in_words("CreateModel"):
        raise RefusedError("no")
