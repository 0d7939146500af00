"""Tell what an endpoint costs: the price is what you found in AWS's list for your region."""

from hospital import ENDPOINT, IMAGE, MODEL, SAFE, SERVING_ROLE

from synthhealth.aws import launch

endpoint = launch.EndpointSettings(
    name=ENDPOINT, image=IMAGE, role=SERVING_ROLE, model_data=MODEL, **SAFE
)
print(launch.cost_note(endpoint, hourly_price=0.138).summary())
