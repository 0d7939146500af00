"""Draw five million rows into the bucket, on three instances: one table, whatever their number."""

from hospital import BUCKET, IMAGE, MODEL, SAFE, SERVING_ROLE, send

from synthhealth.aws import launch

sampling = launch.SamplingSettings(
    name="ra-five-million",
    image=IMAGE,
    role=SERVING_ROLE,
    model_data=MODEL,
    output=f"s3://{BUCKET}/synthetic/ra/",
    num_rows=5_000_000,
    seed=1,
    instance_count=3,
    **SAFE,
)
send(launch.sampling_job(sampling))
