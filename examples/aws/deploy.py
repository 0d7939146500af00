"""Serve a model from an endpoint, and tell what that costs."""

from hospital import ENDPOINT, IMAGE, MODEL, SAFE, SERVING_ROLE, send

from synthhealth.aws import launch

endpoint = launch.EndpointSettings(
    name=ENDPOINT, image=IMAGE, role=SERVING_ROLE, model_data=MODEL, **SAFE
)
send(*launch.hosting(endpoint))
