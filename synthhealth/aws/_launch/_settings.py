"""What a person says about a job or an endpoint, checked as it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthhealth.aws._launch._fields import (
    Archive,
    Environment,
    HyperParameters,
    Image,
    JobName,
    KmsKey,
    ModelData,
    ProcessingInstance,
    RealtimeInstance,
    ReservedName,
    RoleArn,
    S3Address,
    S3Folder,
    SecurityGroups,
    Subnets,
    Tags,
    TrainingInstance,
    TransformInstance,
)
from synthhealth.aws._launch._request import digest
from synthhealth.errors import SettingsError, nearest

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "EncryptedSettings",
    "EndpointSettings",
    "SamplingSettings",
    "SecuredSettings",
    "Settings",
    "TrainingSettings",
    "TransformSettings",
]

DAY = 86_400
#: As the sampling job has it, whose module loads numpy.
MAX_FILES = 100_000
APPLICATION = "synthhealth"
#: Settings that must be given, and that the command line calls by another name.
_OPTIONS = {"num_rows": "--rows"}


class Settings(BaseModel):
    """Settings that cannot be changed once they are made, and know no other names."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            # Not chained: pydantic's own text repeats every value.
            raise SettingsError(_in_words(error, type(self).model_fields)) from None


class EncryptedSettings(Settings):
    """What is written is encrypted by a key of one's own, unless that is said to be needless."""

    kms_key: KmsKey | None = Field(None, description="KMS key of the disks and the results.")
    allow_default_key: bool = Field(
        False, description="No key of one's own: AWS encrypts by a key that it holds."
    )
    tags: Tags = Field(default_factory=dict, description="Tags of everything that is made.")

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if self.kms_key is None and not self.allow_default_key:
            raise ValueError(
                "kms_key is missing: give the KMS key that encrypts disks and results (--kms-key), "
                "or say that the key which AWS holds is enough (allow_default_key=True, "
                "--allow-default-key)"
            )
        return self


class SecuredSettings(EncryptedSettings):
    """Work that runs in a network of one's own, unless that is said to be needless."""

    role: RoleArn = Field(description="ARN of the role that SageMaker takes on.")
    subnets: Subnets = Field((), description="Subnets of one's own VPC.")
    security_group_ids: SecurityGroups = Field((), description="Security groups of that VPC.")
    allow_no_vpc: bool = Field(False, description="No VPC: the work runs in AWS's own network.")
    network_isolation: bool = Field(
        True, description="The container can call nothing, and nothing can call it."
    )

    @model_validator(mode="after")
    def _has_vpc(self) -> Self:
        if bool(self.subnets) != bool(self.security_group_ids):
            lacking = "security_group_ids" if self.subnets else "subnets"
            raise ValueError(f"{lacking} is missing: a VPC takes subnets and security groups")
        if not self.subnets and not self.allow_no_vpc:
            raise ValueError(
                "subnets and security_group_ids are missing: name those of your VPC (--subnet, "
                "--security-group), or say that AWS's own network is enough (allow_no_vpc=True, "
                "--allow-no-vpc)"
            )
        for name in ("subnets", "security_group_ids"):
            given = getattr(self, name)
            if len(set(given)) < len(given):
                raise ValueError(f"{name}: one of them is given twice")
        return self


class _Named(Settings):
    """Something that has a name, by default one that its own settings decide."""

    stem: ClassVar[str]

    name: JobName | None = Field(
        None, description="Name; by default made of the settings, so that nothing starts twice."
    )

    @property
    def job_name(self) -> str:
        """The name, as it is sent."""
        if self.name is not None:
            return self.name
        return f"{self.stem}-{digest(self.model_dump(mode='json', exclude={'name'}))}"


class TrainingSettings(_Named, SecuredSettings):
    """A training job: a table in S3 becomes a saved model, a report and figures in S3.

    Examples
    --------
    >>> from synthhealth.aws.launch import TrainingSettings
    >>> training = TrainingSettings(
    ...     image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0",
    ...     role="arn:aws:iam::123456789012:role/synthhealth",
    ...     data="s3://hospital/clean/", output="s3://hospital/models/",
    ...     synthesizer="ctgan", hyperparameters={"steps": 300},
    ...     kms_key="1234abcd-12ab-34cd-56ef-1234567890ab",
    ...     subnets=["subnet-0a1b2c3d"], security_group_ids=["sg-0a1b2c3d"],
    ... )
    >>> training.job_name.rpartition("-")[0]  # the end is made of the settings
    'synthhealth-ctgan'
    """

    stem: ClassVar[str] = APPLICATION

    image: Image = Field(description="Image in ECR: one's own, or AWS's with `source`.")
    source: Archive | None = Field(
        None, description="Script mode: a sourcedir.tar.gz in S3 that AWS's image executes."
    )
    entry_point: str = Field(
        "train.py",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*\.py$",
        max_length=200,
        description="Script mode: the script in `source`.",
    )
    data: S3Address = Field(description="The tables: a prefix in S3, channel 'training'.")
    validation: S3Address | None = Field(
        None, description="Patients not learned from, channel 'validation'."
    )
    schema_file: S3Address | None = Field(
        None, description="What the columns are, channel 'schema'."
    )
    output: S3Folder = Field(description="Where model and report are put.")
    synthesizer: str = Field(
        "hybrid",
        pattern=r"^[a-z][a-z0-9_]{0,39}$",
        description="Model family; see 'synthhealth models'.",
    )
    random_state: int | None = Field(None, ge=0, lt=2**32, description="Seed of everything.")
    hyperparameters: HyperParameters = Field(
        default_factory=dict, description="Parameters of the family and of the job."
    )
    instance_type: TrainingInstance = Field("ml.m5.xlarge", description="Instance type.")
    volume_gb: int = Field(30, ge=1, le=16_384, description="Disk in GB.")
    max_runtime: int = Field(
        14_400, ge=60, le=28 * DAY, description="Seconds after which AWS ends it."
    )
    spot: bool = Field(False, description="Spare capacity: cheaper, may be interrupted.")
    max_wait: int | None = Field(
        None, ge=60, le=28 * DAY, description="Spot: seconds to wait and run; default: twice."
    )
    checkpoints: S3Folder | None = Field(
        None, description="Where an interrupted job keeps what it has finished."
    )
    encrypt_traffic: bool = Field(True, description="Encrypt what containers say to each other.")
    input_mode: Literal["File", "FastFile"] = Field("File", description="How the table is read.")
    environment: Environment = Field(default_factory=dict, description="Environment variables.")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if not self.spot and self.max_wait is not None:
            raise ValueError("max_wait: only a spot job waits; leave it out, or add spot=True")
        if self.waiting is not None and self.waiting < self.max_runtime:
            raise ValueError(
                f"max_wait: {self.max_wait:,} seconds are less than max_runtime "
                f"({self.max_runtime:,}); a spot job must be allowed to wait at least as long as "
                "it may run"
            )
        for name in ("validation", "output", "checkpoints"):
            place = getattr(self, name)
            if place is not None and place.startswith(self.data):
                raise ValueError(
                    f"{name}: lies within data, and everything there is learned as a table; take a "
                    "place beside it"
                )
        if self.validation is not None and self.data.startswith(self.validation):
            raise ValueError(
                "validation: data lies within it, so that nobody in it would be unseen; take a "
                "place beside it"
            )
        for name in ("synthesizer", "random_state"):
            if name in self.hyperparameters:
                raise ValueError(f"hyperparameters: {name!r} is a setting of its own")
        if self.image_is_aws and self.source is None:
            raise ValueError(
                "source is missing: AWS's own image holds no synthhealth; give a sourcedir.tar.gz "
                "in S3, or an image of your own"
            )
        return self

    @property
    def waiting(self) -> int | None:
        """Seconds that a spot job may wait and run in all."""
        if not self.spot:
            return None
        return self.max_wait or min(2 * self.max_runtime, 28 * DAY)

    @property
    def image_is_aws(self) -> bool:
        """Whether the image is one of AWS's Deep Learning Containers."""
        return self.image.partition("/")[2].startswith(("pytorch:", "pytorch-training:"))

    @property
    def job_name(self) -> str:
        """The name, as it is sent."""
        if self.name is not None:
            return self.name
        family = self.synthesizer.replace("_", "-").rstrip("-")
        while "--" in family:
            family = family.replace("--", "-")
        return f"{self.stem}-{family}-{digest(self.model_dump(mode='json', exclude={'name'}))}"


class EndpointSettings(SecuredSettings):
    """An endpoint that answers with synthetic rows, until it is deleted."""

    name: ReservedName = Field(description="Name of the endpoint, and the beginning of its parts'.")
    image: Image = Field(description="Image in ECR.")
    model_data: ModelData = Field(description="The model.tar.gz of a training job, or its folder.")
    kind: Literal["realtime", "serverless", "async"] = Field(
        "realtime", description="How it is hosted."
    )
    instance_type: RealtimeInstance = Field("ml.m5.large", description="Instance type.")
    instance_count: int = Field(1, ge=1, le=100, description="Number of instances.")
    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(
        4096, description="Serverless: memory in MB."
    )
    max_concurrency: int = Field(5, ge=1, le=200, description="Serverless: requests at a time.")
    output: S3Folder | None = Field(None, description="Async: where answers are put.")
    concurrent_invocations: int = Field(
        1, ge=1, le=1000, description="Async: requests at a time and instance."
    )
    startup_seconds: int = Field(300, ge=60, le=3600, description="Seconds to load the model.")
    environment: Environment = Field(default_factory=dict, description="Environment variables.")

    @model_validator(mode="after")
    def _hosted(self) -> Self:
        if self.kind == "async" and self.output is None:
            raise ValueError("output is missing: an async endpoint puts its answers into S3")
        if self.kind != "async" and self.output is not None:
            raise ValueError("output: only an async endpoint has one; leave it out")
        if self.kind == "serverless":
            lacking = [
                option
                for option, unmet in (
                    ("allow_no_vpc=True (--allow-no-vpc), no subnets", bool(self.subnets)),
                    ("allow_default_key=True (--allow-default-key), no kms_key", self.kms_key),
                    ("network_isolation=False (--no-network-isolation)", self.network_isolation),
                )
                if unmet
            ]
            if lacking:
                raise ValueError(
                    "kind: a serverless endpoint supports no VPC, no network isolation and no KMS "
                    "key of yours; say that you do without: "
                    f"{'; '.join(lacking)}. A real-time endpoint supports all three"
                )
        return self


class TransformSettings(_Named, EncryptedSettings):
    """A batch transform: a file of requests in S3 becomes a file of rows.

    Network, isolation and role are those of the model.
    """

    stem: ClassVar[str] = f"{APPLICATION}-transform"

    model_name: JobName = Field(description="Name of a model in SageMaker.")
    input: S3Address = Field(description="JSON Lines: a request in each line.")
    output: S3Folder = Field(description="Where the rows are put.")
    accept: Literal["application/jsonlines", "text/csv; header=absent"] = Field(
        "application/jsonlines", description="Form of the rows."
    )
    instance_type: TransformInstance = Field("ml.m5.xlarge", description="Instance type.")
    instance_count: int = Field(1, ge=1, le=100, description="Number of instances.")
    max_payload_mb: int = Field(6, ge=1, le=100, description="Largest request in MB.")
    timeout_seconds: int = Field(600, ge=1, le=3600, description="Seconds for one request.")
    max_retries: int = Field(1, ge=0, le=3, description="Repetitions of a failed request.")
    environment: Environment = Field(default_factory=dict, description="Environment variables.")


class SamplingSettings(_Named, SecuredSettings):
    """A processing job that draws any number of synthetic rows into S3."""

    stem: ClassVar[str] = f"{APPLICATION}-sample"

    image: Image = Field(description="Image in ECR.")
    model_data: ModelData = Field(description="The model.tar.gz of a training job, or its folder.")
    output: S3Folder = Field(description="Where the rows are put.")
    num_rows: int = Field(ge=1, le=10**12, description="Synthetic rows in all.")
    seed: int = Field(0, ge=0, lt=2**32, description="The same seed gives the same rows.")
    format: Literal["parquet", "csv"] = Field("parquet", description="Form of the files.")
    rows_per_file: int = Field(
        1_000_000, ge=100_000, le=10**9, multiple_of=100_000, description="Rows of each file."
    )
    instance_type: ProcessingInstance = Field("ml.m5.xlarge", description="Instance type.")
    instance_count: int = Field(1, ge=1, le=100, description="Number of instances.")
    volume_gb: int = Field(30, ge=1, le=16_384, description="Disk of each in GB.")
    max_runtime: int = Field(14_400, ge=60, le=9 * DAY, description="Seconds until AWS ends it.")
    encrypt_traffic: bool = Field(True, description="Encrypt what containers say to each other.")
    environment: Environment = Field(default_factory=dict, description="Environment variables.")

    @model_validator(mode="after")
    def _has_few_files(self) -> Self:
        n_files = -(-self.num_rows // self.rows_per_file)
        if n_files > MAX_FILES:
            raise ValueError(
                f"rows_per_file: the table would have {n_files:,} files, at most {MAX_FILES:,} are "
                "written; give more rows for each"
            )
        return self


def _in_words(error: ValidationError, known: Any) -> str:
    parts = []
    for detail in error.errors(include_url=False):
        # Beyond the first, a location names keys of the user's own mappings, or pydantic's tags.
        where = str(detail["loc"][0]) if detail["loc"] else ""
        words = str(detail["msg"]).removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            words = f"unknown{nearest(where, known)}"
        elif len(detail["loc"]) > 2:  # one of the types that a value may have
            words = "a value must be text, a finite number, true, false, a list or a mapping"
        elif detail["type"] == "missing":
            option = _OPTIONS.get(where, f"--{where.replace('_', '-')}")
            meaning = known[where].description.rstrip(".") if where in known else ""
            words = f"missing; {meaning} ({option})"
        text = f"{where}: {words}" if where and not words.startswith(f"{where}:") else words
        if text not in parts:
            parts.append(text)
    return "\n".join(parts)
