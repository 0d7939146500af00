"""Try eight CTGANs, and find the one whose columns follow patients that it never saw most closely.

Against the patients that it learned from, the best score would be that of a copy.
"""

from hospital import BUCKET, IMAGE, SAFE, TRAINING_ROLE, send

from synthhealth.aws import launch

training = launch.TrainingSettings(
    image=IMAGE,
    role=TRAINING_ROLE,
    data=f"s3://{BUCKET}/clean/learned/",
    # Outside `data`: what lies below it is learned.
    validation=f"s3://{BUCKET}/clean/unseen/",
    output=f"s3://{BUCKET}/models/",
    synthesizer="ctgan",
    random_state=1,
    **SAFE,
)
tuning = launch.TuningSettings(
    name="ra-tuning",
    training=training,
    metric="quality:column_average",
    ranges={"steps": launch.IntegerRange(low=500, high=5000)},
    max_jobs=8,
    max_parallel_jobs=2,
)
send(launch.tuning_job(tuning))
