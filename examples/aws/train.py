"""Train a Gaussian copula on the clean tables of a bucket."""

from hospital import BUCKET, IMAGE, SAFE, TRAINING_ROLE, send

from synthhealth.aws import launch

training = launch.TrainingSettings(
    name="ra",
    image=IMAGE,
    role=TRAINING_ROLE,
    data=f"s3://{BUCKET}/clean/",
    schema_file=f"s3://{BUCKET}/schema.json",
    output=f"s3://{BUCKET}/models/",
    synthesizer="gaussian_copula",
    random_state=1,
    **SAFE,
)
send(launch.training_job(training))
