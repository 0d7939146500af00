"""Settings become requests, and requests are judged before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("botocore", reason="the judge is botocore's service model")

import botocore.session
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from launching import (
    IMAGE,
    KEY,
    MODEL,
    NETWORK,
    Untouchable,
    endpoint,
    package,
    report_bytes,
    sampling,
    serverless,
    training,
    transform,
)

from synthhealth.aws import launch
from synthhealth.aws._launch._fields import wire
from synthhealth.aws._launch._patterns import matcher
from synthhealth.aws._launch._rules import has_local_storage
from synthhealth.aws._launch._service import instance_types
from synthhealth.aws._training._log import METRIC_DEFINITIONS
from synthhealth.aws.launch import (
    CategoricalRange,
    ContinuousRange,
    EndpointSettings,
    Figures,
    IntegerRange,
    RefusedError,
    Request,
    SamplingSettings,
    SettingsError,
    TrainingSettings,
    TransformSettings,
    TuningSettings,
    check,
    problems,
)
from synthhealth.errors import SynthHealthError

SERVICE = botocore.session.get_session().get_service_model("sagemaker")


def botocore_finds(request: Request) -> str:
    shape = SERVICE.operation_model(request.operation).input_shape
    return ParamValidator().validate(dict(request.parameters), shape).generate_report()


def tuning(**changes: Any) -> TuningSettings:
    values = {
        "training": training(synthesizer="ctgan"),
        "ranges": {
            "steps": IntegerRange(low=100, high=600),
            "discriminator_decay": ContinuousRange(low=1e-5, high=1e-3, scaling="Logarithmic"),
            "batch_size": CategoricalRange(values=("100", "500")),
        },
    }
    return TuningSettings(**(values | changes))


FIGURES = Figures.from_bytes(report_bytes())
EVERY: dict[str, Callable[[], list[Request]]] = {
    "training": lambda: [launch.training_job(training())],
    "spot": lambda: [
        launch.training_job(training(spot=True, checkpoints="s3://hospital/checkpoints/"))
    ],
    "script mode": lambda: [
        launch.training_job(training(source="s3://hospital/code/sourcedir.tar.gz"))
    ],
    "real-time": lambda: list(launch.hosting(endpoint())),
    "from a folder": lambda: list(launch.hosting(endpoint(model_data="s3://hospital/models/ra/"))),
    "async": lambda: list(launch.hosting(endpoint(kind="async", output="s3://hospital/answers"))),
    "serverless": lambda: list(launch.hosting(serverless())),
    "transform": lambda: [launch.transform_job(transform())],
    "sampling": lambda: [launch.sampling_job(sampling())],
    "tuning": lambda: [launch.tuning_job(tuning())],
    "registry": lambda: [
        launch.model_package_group(package()),
        launch.model_package(package(), FIGURES),
        launch.model_card(package(), FIGURES),
    ],
}


@pytest.mark.parametrize("which", EVERY)
def test_every_request_passes_both_judges(which: str) -> None:
    for request in EVERY[which]():
        assert botocore_finds(request) == ""
        assert problems(request) == ()


@pytest.mark.parametrize("which", EVERY)
def test_the_same_settings_give_the_same_request(which: str) -> None:
    first, second = ([one.to_json() for one in EVERY[which]()] for _ in range(2))
    assert first == second
    for text in first:
        assert json.loads(text)


def test_every_pattern_of_our_requests_can_be_read() -> None:
    def patterns(shape: Any, value: Any) -> set[str]:
        if shape.type_name == "structure":
            return {p for k, v in value.items() for p in patterns(shape.members[k], v)}
        if shape.type_name == "map":
            parts = (
                (s, x) for k, v in value.items() for s, x in ((shape.key, k), (shape.value, v))
            )
            return {p for s, x in parts for p in patterns(s, x)}
        if shape.type_name == "list":
            return {p for v in value for p in patterns(shape.member, v)}
        return {shape.metadata["pattern"]} if "pattern" in shape.metadata else set()

    found: set[str] = set()
    for make in EVERY.values():
        for request in make():
            shape = SERVICE.operation_model(request.operation).input_shape
            found |= patterns(shape, request.parameters)
    assert len(found) > 10
    assert [pattern for pattern in found if matcher(pattern) is None] == []


# What is refused, before anything is sent.


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"instance_type": "ml.m5.xlage"}, "did you mean 'ml.m5.xlarge'?"),
        ({"instance_type": "m5.large"}, "did you mean 'ml.m5.large'?"),
        ({"data": "hospital/clean"}, "data: 'hospital/clean' is no S3 address"),
        ({"data": "s3://Hospital/clean"}, "is not a valid bucket name"),
        ({"data": "s3://ho/clean"}, "3 to 63"),
        ({"data": "s3://192.168.0.1/clean"}, "no IP address"),
        ({"data": "s3://hospital/a\nb"}, "line break"),
        ({"output": "s3://hospital//x"}, "two slashes"),
        ({"output": "https://hospital.s3.amazonaws.com/x"}, "is no S3 address"),
        ({"hyperparameters": {"drop": ["patient's name"]}}, "apostrophe"),
        ({"hyperparameters": {"x'; touch stolen; '": 1}}, "apostrophe"),
        ({"hyperparameters": {"epochs": float("nan")}}, "finite"),
        ({"hyperparameters": {"_tuning_objective_metric": "x"}}, "'_' or 'sagemaker_'"),
        ({"hyperparameters": {"synthesizer": "ctgan"}}, "is a setting of its own"),
        ({"hyperparameters": {"drop": ["x" * 2600]}}, "at most 2,500"),
        ({"role": "synthhealth"}, "is not a role; write its ARN"),
        ({"image": "docker.io/synthhealth"}, "is not an image in ECR"),
        ({"kms_key": "alias/hospital"}, "takes no alias"),
        ({"kms_key": None}, "allow_default_key"),
        ({"subnets": [], "security_group_ids": []}, "--allow-no-vpc"),
        ({"security_group_ids": []}, "security_group_ids is missing"),
        ({"subnets": ["subnet-0a1b2c3d"] * 2}, "given twice"),
        ({"spot": True, "max_wait": 60}, "at least as long"),
        ({"max_wait": 7200}, "only a spot job waits"),
        ({"max_runtime": 10}, "max_runtime"),
        ({"tags": {"aws:x": "y"}}, "AWS keeps for itself"),
        ({"tags": {f"t{i}": "" for i in range(50)}}, "at most 49"),
        ({"tags": {"ward": "a, b"}}, "does not fit"),
        ({"environment": {"1X": "y"}}, "does not fit"),
        ({"name": "ra_cohort"}, "letters, digits and hyphens"),
        ({"epochs": 3}, "epochs: unknown"),
        ({"instance_typ": "ml.m5.xlarge"}, "did you mean 'instance_type'?"),
        ({"image": IMAGE.replace("synthhealth", "pytorch")}, "sourcedir.tar.gz"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_name_and_a_way_out(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)) as caught:
        training(**changes)
    assert isinstance(caught.value, SynthHealthError)
    assert "patient's name" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_everything_missing_is_said_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        TrainingSettings(image=IMAGE)
    for name in ("role", "data", "output"):
        assert f"{name}: missing" in str(caught.value)


def edited(change: Callable[[dict[str, Any]], None]) -> Request:
    request = launch.training_job(training(spot=True))
    parameters = json.loads(json.dumps(dict(request.parameters)))
    change(parameters)
    return Request(request.operation, parameters)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p["ResourceConfig"].update(InstanceType="ml.m5.xlage"), "ml.m5.xlarge"),
        (lambda p: p["OutputDataConfig"].update(S3OutputPath="s3:/x"), "is no S3 address"),
        (
            lambda p: p["InputDataConfig"][0]["DataSource"]["S3DataSource"].update(S3Uri="s3://_/"),
            "is not a valid bucket name",
        ),
        (lambda p: p["HyperParameters"].update(note="patient's"), "apostrophe"),
        (lambda p: p["HyperParameters"].update(note="a\nb"), "line break"),
        (lambda p: p["StoppingCondition"].update(MaxWaitTimeInSeconds=60), "at least as long"),
        (lambda p: p.pop("RoleArn"), "RoleArn: missing"),
        (lambda p: p.update(TrainingJobNam="x"), "did you mean 'TrainingJobName'?"),
        (lambda p: p.update(TrainingJobName="bad_name!"), "does not match"),
        (lambda p: p["HyperParameters"].update(x="y" * 3000), "from 0 to 2,500"),
        (lambda p: p["StoppingCondition"].update(MaxRuntimeInSeconds=0), "at least 1"),
        (
            lambda p: p["StoppingCondition"].update(MaxRuntimeInSeconds=True),
            "must be a whole number",
        ),
        (lambda p: p.update(Tags=[{"Key": f"k{i}", "Value": ""} for i in range(51)]), "51 tags"),
        (lambda p: p.update(Tags=[{"Key": "a", "Value": ""}] * 2), "given twice"),
        (
            lambda p: p["ResourceConfig"].update(InstanceType="ml.g5.xlarge", VolumeKmsKeyId=KEY),
            "key of the hardware",
        ),
        (lambda p: p["AlgorithmSpecification"].update(TrainingInputMode="file"), "File"),
    ],
)
def test_a_wrong_request_is_refused_and_nothing_is_sent(
    change: Callable[[dict[str, Any]], None], words: str
) -> None:
    request = edited(change)
    with pytest.raises(RefusedError, match=re.escape(words)) as caught:
        launch.send(request, Untouchable())
    assert "patient's" not in str(caught.value)
    with pytest.raises(RefusedError):
        launch.send_all([launch.training_job(training()), request], Untouchable())


@pytest.mark.parametrize("given", [{}, {"TextClassificationJobConfig": {}, "TabularJobConfig": {}}])
def test_of_a_union_exactly_one_is_given(given: dict[str, Any]) -> None:
    # None of our own requests has one, so that one of the service's others stands for them.
    found = problems(Request("CreateAutoMLJobV2", {"AutoMLProblemTypeConfig": given}))
    assert any("exactly one of" in problem for problem in found)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = [path] if path else []
    for key, one in inner if isinstance(value, (dict, list)) else ():
        found += places(one, (*path, key)) if isinstance(one, (dict, list)) else [(*path, key)]
    return found


@pytest.mark.parametrize("which", EVERY)
@pytest.mark.parametrize("junk", [None, 7, [None], {"x": None}])
def test_the_judge_speaks_of_any_junk_in_any_place(which: str, junk: Any) -> None:
    # Optional members may be such; what counts is that the judge never breaks.
    for request in EVERY[which]():
        whole = json.loads(json.dumps(dict(request.parameters)))
        refused = 0
        for path in places(whole):
            broken = json.loads(json.dumps(whole))
            part = broken
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = junk
            refused += bool(problems(Request(request.operation, broken)))
        if junk is None:
            assert refused == len(places(whole))


@pytest.mark.parametrize(
    ("make", "changes", "words"),
    [
        (training, {"role": "arn:aws:iam::１２３456789012:role/x"}, "role"),
        (training, {"environment": {"A": "x\0"}}, "environment"),
        (sampling, {"num_rows": 10**12, "rows_per_file": 100_000}, "10,000,000 files"),
    ],
)
def test_what_only_looks_right_is_refused(
    make: Callable[..., Any], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(launch.SettingsError, match=words):
        make(**changes)


def test_digits_of_other_scripts_are_none_to_the_judge() -> None:
    request = launch.training_job(training())
    role = {"RoleArn": "arn:aws:iam::１２３456789012:role/x"}
    assert "RoleArn" in problems(Request(request.operation, {**request.parameters, **role}))[0]


def test_the_names_of_files_fit_the_sampling_job() -> None:
    from synthhealth.aws._launch._settings import MAX_FILES
    from synthhealth.aws._sampling import _table

    assert MAX_FILES == _table.MAX_FILES


def test_a_value_of_a_wrong_type_is_told_once() -> None:
    with pytest.raises(SettingsError) as raised:
        training(hyperparameters={"steps": None})
    assert str(raised.value) == (
        "hyperparameters: a value must be text, a finite number, true, false, a list or a mapping"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"data": "s3://my-ap-abcdefghijklmnop-s3alias/clean/"},
        {"data": "s3://hospital.of.dots/clean/"},
        {"role": "arn:aws-us-gov:iam::123456789012:role/service-role/x"},
        {"role": "arn:aws-cn:iam::123456789012:role/x"},
        {"kms_key": "arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-" + 32 * "a"},
        {"image": "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/s:1"},
        {"image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/s@sha256:" + 64 * "a"},
    ],
)
def test_what_looks_wrong_but_is_right_is_accepted(changes: dict[str, Any]) -> None:
    check(launch.training_job(training(**changes)))


def test_an_apostrophe_in_a_range_is_refused() -> None:
    request = launch.tuning_job(tuning())
    parameters = json.loads(json.dumps(dict(request.parameters)))
    ranges = parameters["HyperParameterTuningJobConfig"]["ParameterRanges"]
    ranges["CategoricalParameterRanges"][0]["Values"] = ["'; curl evil.example; '"]
    with pytest.raises(RefusedError, match="apostrophe"):
        check(Request(request.operation, parameters))
    with pytest.raises(SettingsError, match="apostrophe"):
        tuning(ranges={"model": CategoricalRange(values=("'; x; '",))})


@pytest.mark.parametrize(
    ("add", "words"),
    [
        ({"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}, "VpcConfig"),
        ({"KmsKeyId": KEY}, "KmsKeyId"),
        ({"EnableNetworkIsolation": True}, "EnableNetworkIsolation"),
        (
            {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://hospital/x/"}}},
            "AsyncInferenceConfig",
        ),
    ],
)
def test_what_serverless_does_not_support_is_refused(add: dict[str, Any], words: str) -> None:
    request = launch.hosting(serverless())[1]
    with pytest.raises(RefusedError, match=f"{words}: a serverless endpoint does not support it"):
        check(Request(request.operation, {**request.parameters, **add}))


def test_serverless_names_every_protection_that_it_lacks() -> None:
    with pytest.raises(SettingsError) as caught:
        endpoint(kind="serverless")
    for option in ("--allow-no-vpc", "--allow-default-key", "--no-network-isolation"):
        assert option in str(caught.value)


# What the requests say.


def test_training_is_protected_by_default() -> None:
    parameters = launch.training_job(training()).parameters
    assert parameters["OutputDataConfig"]["KmsKeyId"] == KEY
    assert parameters["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert parameters["VpcConfig"] == {
        "SecurityGroupIds": NETWORK["security_group_ids"],
        "Subnets": NETWORK["subnets"],
    }
    assert parameters["EnableNetworkIsolation"] is True
    assert parameters["EnableInterContainerTrafficEncryption"] is True
    assert parameters["StoppingCondition"] == {"MaxRuntimeInSeconds": 14_400}
    assert {"Key": "application", "Value": "synthhealth"} in parameters["Tags"]
    assert parameters["ResourceConfig"]["InstanceCount"] == 1
    metrics = parameters["AlgorithmSpecification"]["MetricDefinitions"]
    assert metrics == list(METRIC_DEFINITIONS)


def test_protection_is_left_out_only_where_that_is_said() -> None:
    bare = training(
        kms_key=None,
        subnets=(),
        security_group_ids=(),
        allow_default_key=True,
        allow_no_vpc=True,
    )
    parameters = launch.training_job(bare).parameters
    assert "VpcConfig" not in parameters
    assert "KmsKeyId" not in parameters["OutputDataConfig"]
    assert parameters["EnableNetworkIsolation"] is True


def test_a_disk_with_a_key_of_its_own_gets_no_other() -> None:
    parameters = launch.training_job(training(instance_type="ml.g5.xlarge")).parameters
    assert "VolumeKmsKeyId" not in parameters["ResourceConfig"]
    assert parameters["OutputDataConfig"]["KmsKeyId"] == KEY


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("ml.m5.xlarge", False),
        ("ml.c6i.large", False),
        ("ml.g4dn.xlarge", True),
        ("ml.m5d.large", True),
        ("ml.c6id.large", True),
        ("ml.p4d.24xlarge", True),
        ("ml.p3.2xlarge", False),
        ("ml.p6-b200.48xlarge", True),
        ("ml.trn1.2xlarge", True),
        ("ml.inf2.xlarge", False),
    ],
)
def test_which_instances_have_a_disk_of_their_own(name: str, local: bool) -> None:
    assert has_local_storage(name) is local


def test_hyperparameters_of_both_ways_in() -> None:
    given = {"steps": 300, "log_scale": True, "drop": ["ward"], "protect": "fake"}
    own = launch.training_job(training(hyperparameters=given)).parameters["HyperParameters"]
    assert own == {
        "drop": '["ward"]',
        "log_scale": "true",
        "protect": "fake",
        "random_state": "7",
        "steps": "300",
        "synthesizer": "hybrid",
    }
    source = "s3://hospital/code/sourcedir.tar.gz"
    script = launch.training_job(training(hyperparameters=given, source=source)).parameters
    sent = script["HyperParameters"]
    assert sent["synthesizer"] == '"hybrid"'
    assert sent["sagemaker_program"] == '"train.py"'
    # An isolated container cannot fetch its code: it comes as a channel.
    assert sent["sagemaker_submit_directory"] == '"/opt/ml/input/data/code/sourcedir.tar.gz"'
    channels = {c["ChannelName"]: c for c in script["InputDataConfig"]}
    assert channels["code"]["DataSource"]["S3DataSource"]["S3Uri"] == source
    free = launch.training_job(training(source=source, network_isolation=False)).parameters
    assert free["HyperParameters"]["sagemaker_submit_directory"] == f'"{source}"'
    assert [c["ChannelName"] for c in free["InputDataConfig"]] == ["training"]


@pytest.mark.parametrize("source", [None, "s3://hospital/code/sourcedir.tar.gz"])
def test_the_job_understands_what_is_sent(source: str | None) -> None:
    from synthhealth.aws._training._settings import read_settings

    made = training(
        synthesizer="ctgan",
        source=source,
        hyperparameters={
            "steps": 40,
            "embedding_dim": 16,
            "drop": ["ward", "née, größe"],
            "num_rows": 1000,
            "protect": "fake",
        },
    )
    understood = read_settings(launch.training_job(made).parameters["HyperParameters"])
    assert (understood.synthesizer, understood.random_state) == ("ctgan", 7)
    assert understood.drop == ("ward", "née, größe")
    assert (understood.num_rows, understood.protect) == (1000, "fake")
    assert understood.model_params["steps"] == 40
    launch.check_parameters(made)


@pytest.mark.parametrize(
    ("ranges", "words"),
    [
        ({"step": IntegerRange(low=100, high=600)}, "did you mean 'steps'?"),
        ({"steps": IntegerRange(low=-1, high=600)}, "steps"),
        ({"pac": CategoricalRange(values=("2", "many"))}, "pac"),
    ],
)
def test_ranges_that_the_job_would_refuse(ranges: dict[str, Any], words: str) -> None:
    launch.check_parameters(tuning())
    with pytest.raises(SynthHealthError, match=re.escape(words)):
        launch.check_parameters(tuning(ranges=ranges))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"synthesizer": "ctgann"}, "did you mean 'ctgan'?"),
        ({"hyperparameters": {"log_scal": True}}, "did you mean 'log_scale'?"),
        ({"hyperparameters": {"num_rows": 0}}, "num_rows"),
    ],
)
def test_what_the_job_would_refuse_is_refused_before(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SynthHealthError, match=re.escape(words)):
        launch.check_parameters(training(**changes))


def test_channels() -> None:
    full = training(
        validation="s3://hospital/holdout/",
        schema_file="s3://hospital/schema.yaml",
        input_mode="FastFile",
    )
    channels = launch.training_job(full).parameters["InputDataConfig"]
    assert [(c["ChannelName"], c["InputMode"]) for c in channels] == [
        ("training", "FastFile"),
        ("validation", "FastFile"),
        ("schema", "File"),
    ]


def test_spot_waits_twice_as_long_unless_told() -> None:
    parameters = launch.training_job(training(spot=True, max_runtime=600)).parameters
    assert parameters["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 600,
        "MaxWaitTimeInSeconds": 1200,
    }
    assert parameters["EnableManagedSpotTraining"] is True


def test_checkpoints_of_two_jobs_do_not_meet() -> None:
    one, other = (
        launch.training_job(training(checkpoints="s3://hospital/c", random_state=seed)).parameters
        for seed in (1, 2)
    )
    assert one["CheckpointConfig"]["S3Uri"] != other["CheckpointConfig"]["S3Uri"]


def test_a_name_is_made_of_the_settings() -> None:
    assert training().job_name == training().job_name
    assert training().job_name != training(random_state=8).job_name
    assert training(name="mine").job_name == "mine"
    config, again = (launch.hosting(endpoint(instance_count=n))[1].parameters for n in (1, 2))
    assert config["EndpointConfigName"] != again["EndpointConfigName"]


def test_sampling_runs_the_verb_of_the_image() -> None:
    parameters = launch.sampling_job(sampling()).parameters
    app = parameters["AppSpecification"]
    assert app["ContainerEntrypoint"] == ["python", "-m", "synthhealth.aws", "sample"]
    arguments = dict(zip(*[iter(app["ContainerArguments"])] * 2, strict=True))
    assert arguments["--num-rows"] == "5000000"
    assert arguments["--model-dir"] == parameters["ProcessingInputs"][0]["S3Input"]["LocalPath"]
    output = parameters["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
    assert arguments["--output-dir"] == output["LocalPath"]
    assert parameters["NetworkConfig"]["EnableNetworkIsolation"] is True


def test_the_sampling_job_knows_its_arguments() -> None:
    from synthhealth.aws import sampling as job

    arguments = launch.sampling_job(sampling()).parameters["AppSpecification"]["ContainerArguments"]
    # Without the model's folder it must end by saying so, and not by an unknown argument.
    assert job.main([*arguments, "--model-dir", "/nowhere", "--message-file", "/dev/null"]) != 2


def test_transform_answers_each_line_on_its_own() -> None:
    parameters = launch.transform_job(transform()).parameters
    assert parameters["BatchStrategy"] == "SingleRecord"
    assert parameters["TransformInput"]["SplitType"] == "Line"
    assert parameters["TransformOutput"]["AssembleWith"] == "Line"
    assert parameters["TransformResources"]["VolumeKmsKeyId"] == KEY


def test_the_longest_folder_leaves_room_for_our_endings() -> None:
    folder = "s3://hospital/".ljust(479, "x")
    for kind, name in (("async", "a" * 52), ("async", "b")):
        made = endpoint(kind=kind, name=name, output=folder)
        assert_passes(*launch.hosting(made))
    assert_passes(launch.training_job(training(checkpoints=folder, name="n" * 63)))
    with pytest.raises(SettingsError, match="480"):
        endpoint(kind="async", output=f"{folder}x")


def test_tuning_trains_what_training_trains() -> None:
    one = launch.training_job(training(synthesizer="ctgan")).parameters
    definition = launch.tuning_job(tuning()).parameters["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"] == one["HyperParameters"]
    for name in ("VpcConfig", "OutputDataConfig", "ResourceConfig", "EnableNetworkIsolation"):
        assert definition[name] == one[name]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"metric": "quality:ks_averag"}, "did you mean 'quality:ks_average'?"),
        ({"max_jobs": 1}, "max_parallel_jobs"),
        ({"ranges": {"random_state": IntegerRange(low=1, high=2)}}, "fixed"),
        ({"ranges": {"_x": IntegerRange(low=1, high=2)}}, "cannot be a hyperparameter's name"),
        ({"ranges": {}}, "ranges"),
    ],
)
def test_wrong_tuning_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        tuning(**changes)


def test_ranges_are_ordered() -> None:
    with pytest.raises(SettingsError, match="less than high"):
        IntegerRange(low=2, high=1)
    with pytest.raises(SettingsError, match="logarithmic"):
        ContinuousRange(low=0.0, high=1.0, scaling="Logarithmic")


# Property: what the settings accept, both judges accept.

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=40)
TAME = st.from_regex(r"[a-zA-Zäß0-9_.:/=+@-]{1,30}", fullmatch=True)
BUCKETS = st.from_regex(r"[a-z0-9][a-z0-9-]{1,20}[a-z0-9]", fullmatch=True)
ODD_BUCKETS = st.from_regex(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", fullmatch=True)
ADDRESSES = st.builds("s3://{}/{}".format, BUCKETS, TAME.map(lambda key: key.lstrip("/")))
ODD_ADDRESSES = st.builds("s3://{}/{}".format, ODD_BUCKETS | WORDS, WORDS)
MODELS = st.sampled_from([MODEL, "s3://hospital/models/ra/"])
JSON = st.recursive(
    st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | TAME,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TAME, inner, max_size=3),
    max_leaves=5,
)
ODD_JSON = st.none() | st.floats() | WORDS | st.lists(WORDS, max_size=300)
JOB = {
    "name": st.none() | st.from_regex(r"[a-zA-Z0-9](-[a-zA-Z0-9]){0,31}", fullmatch=True),
    "environment": st.dictionaries(
        st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,9}", fullmatch=True), WORDS, max_size=16
    ),
    "tags": st.dictionaries(
        TAME.filter(lambda name: not name.lower().startswith("aws:")), TAME, max_size=49
    ),
    "kms_key": st.sampled_from([None, KEY, "1234abcd-12ab-34cd-56ef-1234567890ab"]),
    "allow_default_key": st.just(True),
}
PLACED = JOB | {
    "role": st.from_regex(
        r"arn:aws(-cn)?:iam::[0-9]{12}:role/[a-zA-Z_0-9+=,.@/-]{1,30}", fullmatch=True
    ),
    "image": st.just(IMAGE),
    "allow_no_vpc": st.just(True),
    "network_isolation": st.booleans(),
}
NETWORKS = st.sampled_from(
    [
        {},
        NETWORK,
        {
            "subnets": [f"subnet-{i:08x}" for i in range(16)],
            "security_group_ids": [f"sg-{i:017x}" for i in range(5)],
        },
    ]
)
ODD = {
    "name": WORDS | st.from_regex(r"[a-zA-Z0-9-]{1,70}", fullmatch=True),
    "environment": st.dictionaries(WORDS, WORDS | st.text(max_size=300), max_size=20),
    "tags": st.dictionaries(WORDS, WORDS, max_size=4),
    "kms_key": WORDS,
    "allow_default_key": st.just(False),
    "role": WORDS.map("arn:aws:iam::123456789012:role/{}".format),
    "image": WORDS.map(f"{IMAGE}{{}}".format),
    "allow_no_vpc": st.just(False),
    "subnets": st.lists(st.from_regex(r"subnet-[0-9a-f]{8}", fullmatch=True), max_size=18),
    "security_group_ids": st.lists(st.from_regex(r"sg-[0-9a-f]{8,18}", fullmatch=True)),
    "instance_type": WORDS,
    "hyperparameters": st.dictionaries(WORDS, ODD_JSON, max_size=3),
    "synthesizer": WORDS,
}
ODD_NUMBER = st.integers(-(10**13), 10**13) | st.floats() | WORDS
PROPERTY = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def mostly_good(draw: Any, needed: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Draw settings from all over their bounds, and now and then a wild one among them."""
    values = {name: draw(strategy) for name, strategy in needed.items()}
    chosen = draw(st.lists(st.sampled_from(sorted(others)), unique=True))
    values |= {name: draw(others[name]) for name in chosen}
    if "role" in needed:
        values |= draw(NETWORKS)
    wild = sorted(needed | others)
    for name in draw(st.lists(st.sampled_from(wild), max_size=2, unique=True)):
        if draw(st.booleans()):
            odd = ODD.get(name, ODD_ADDRESSES if str(values.get(name)).startswith("s3") else None)
            values[name] = draw(ODD_NUMBER if odd is None else odd)
    return values


def only(names: dict[str, Any], *kept: str) -> dict[str, Any]:
    return {name: names[name] for name in kept}


def without(names: dict[str, Any], *dropped: str) -> dict[str, Any]:
    return {name: strategy for name, strategy in names.items() if name not in dropped}


PLACE = ("role", "image", "allow_default_key", "allow_no_vpc")
REST = without(PLACED, *PLACE)
SECONDS = st.integers(60, 777_600)
GIGABYTES = st.integers(1, 16_384)


def kind_of(shape: str) -> Any:
    return st.sampled_from(instance_types(shape))


TRAININGS = mostly_good(
    only(PLACED, *PLACE) | {"data": ADDRESSES, "output": ADDRESSES},
    REST
    | {
        "validation": ADDRESSES,
        "schema_file": ADDRESSES,
        "checkpoints": ADDRESSES,
        "source": ADDRESSES.map("{}.tar.gz".format),
        "synthesizer": st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True),
        "random_state": st.integers(0, 2**32 - 1),
        "hyperparameters": st.dictionaries(TAME.map("p{}".format), JSON, max_size=5),
        "instance_type": kind_of("TrainingInstanceType"),
        "volume_gb": GIGABYTES,
        "max_runtime": SECONDS,
        "spot": st.booleans(),
        "encrypt_traffic": st.booleans(),
        "input_mode": st.sampled_from(["File", "FastFile"]),
    },
)
ENDPOINTS = mostly_good(
    only(PLACED, *PLACE)
    | {
        "name": st.from_regex(r"[a-zA-Z0-9](-[a-zA-Z0-9]){0,25}", fullmatch=True),
        "model_data": MODELS,
    },
    without(REST, "name")
    | {
        "instance_type": kind_of("ProductionVariantInstanceType"),
        "instance_count": st.integers(1, 100),
        "startup_seconds": st.integers(60, 3600),
    },
)
HOSTINGS = st.sampled_from(
    [
        {},
        {"kind": "async", "output": "s3://hospital/answers", "concurrent_invocations": 1000},
        {"kind": "serverless", "memory_mb": 6144, "max_concurrency": 200, "kms_key": None}
        | {"network_isolation": False, "subnets": [], "security_group_ids": []},
        {"kind": "serverless"},
        {"kind": "async"},
    ]
)
SAMPLINGS = mostly_good(
    only(PLACED, *PLACE)
    | {"model_data": MODELS, "output": ADDRESSES, "num_rows": st.integers(1, 10**12)},
    REST
    | {
        "seed": st.integers(0, 2**32 - 1),
        "format": st.sampled_from(["parquet", "csv"]),
        "rows_per_file": st.integers(1, 10_000).map(lambda n: n * 100_000),
        "instance_type": kind_of("ProcessingInstanceType"),
        "instance_count": st.integers(1, 100),
        "volume_gb": GIGABYTES,
        "max_runtime": SECONDS,
    },
)
TRANSFORMS = mostly_good(
    {
        "model_name": st.from_regex(r"[a-zA-Z0-9](-[a-zA-Z0-9]){0,31}", fullmatch=True),
        "input": ADDRESSES,
        "output": ADDRESSES,
        "allow_default_key": st.just(True),
    },
    without(JOB, "allow_default_key")
    | {
        "instance_type": kind_of("TransformInstanceType"),
        "instance_count": st.integers(1, 100),
        "max_payload_mb": st.integers(1, 100),
        "timeout_seconds": st.integers(1, 3600),
        "max_retries": st.integers(0, 3),
    },
)


def accepted(make: Callable[..., Any], values: dict[str, Any]) -> Any:
    try:
        return make(**values)
    except SettingsError:
        return None


def assert_passes(*requests: Request) -> None:
    for request in requests:
        assert botocore_finds(request) == ""
        assert problems(request) == ()


@PROPERTY
@given(TRAININGS)
def test_any_training_that_is_accepted_is_valid(values: dict[str, Any]) -> None:
    if (made := accepted(TrainingSettings, values)) is not None:
        request = launch.training_job(made)
        assert_passes(request)
        assert not any("'" in k + v for k, v in request.parameters["HyperParameters"].items())
        ranges = {"tried": IntegerRange(low=1, high=2)}
        assert_passes(launch.tuning_job(TuningSettings(training=made, ranges=ranges)))


@PROPERTY
@given(ENDPOINTS, HOSTINGS)
def test_any_endpoint_that_is_accepted_is_valid(
    values: dict[str, Any], hosting: dict[str, Any]
) -> None:
    if (made := accepted(EndpointSettings, values | hosting)) is not None:
        assert_passes(*launch.hosting(made))


@PROPERTY
@given(SAMPLINGS)
def test_any_sampling_that_is_accepted_is_valid(values: dict[str, Any]) -> None:
    if (made := accepted(SamplingSettings, values)) is not None:
        assert_passes(launch.sampling_job(made))


@PROPERTY
@given(TRANSFORMS)
def test_any_transform_that_is_accepted_is_valid(values: dict[str, Any]) -> None:
    if (made := accepted(TransformSettings, values)) is not None:
        assert_passes(launch.transform_job(made))


@pytest.mark.parametrize(
    ("make", "strategy"),
    [
        (TrainingSettings, TRAININGS),
        (EndpointSettings, ENDPOINTS),
        (SamplingSettings, SAMPLINGS),
        (TransformSettings, TRANSFORMS),
    ],
)
def test_the_property_is_no_empty_one(make: Callable[..., Any], strategy: Any) -> None:
    came_through = []

    @settings(PROPERTY, max_examples=40, database=None)
    @given(strategy)
    def count(values: dict[str, Any]) -> None:
        came_through.append(accepted(make, values) is not None)

    count()
    assert 0.2 < sum(came_through) / len(came_through) < 0.95


def test_wire() -> None:
    assert wire(None) == "null"
    assert wire("ü") == "ü"


def test_a_figure_stands_somewhere() -> None:
    standings = [figure.standing for figure in FIGURES.scores]
    assert standings == ["within", "above", "below"]
    assert MODEL in str(launch.model_package(package(), FIGURES).parameters)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"validation": "s3://hospital/clean/unseen/"}, "validation: lies within data"),
        ({"validation": "s3://hospital/"}, "validation: data lies within it"),
        ({"output": "s3://hospital/clean/models/"}, "output: lies within data"),
        ({"data": "s3://hospital/cl", "validation": "s3://hospital/clean/"}, "lies within data"),
    ],
)
def test_what_is_learned_is_kept_apart(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(launch.SettingsError, match=words):
        training(**changes)
