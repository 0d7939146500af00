"""Answer a file of requests, a line each; it takes a model, but no endpoint."""

from hospital import BUCKET, ENDPOINT, IMAGE, MODEL, SAFE, SERVING_ROLE, send

from synthhealth.aws import launch

endpoint = launch.EndpointSettings(
    name=ENDPOINT, image=IMAGE, role=SERVING_ROLE, model_data=MODEL, **SAFE
)
model = launch.hosting(endpoint)[0]
batch = launch.TransformSettings(
    name="ra-requests",
    model_name=model.parameters["ModelName"],
    input=f"s3://{BUCKET}/requests/all.jsonl",
    output=f"s3://{BUCKET}/synthetic/requests/",
    kms_key=SAFE["kms_key"],
)
send(model, launch.transform_job(batch))
