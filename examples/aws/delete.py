"""Delete an endpoint with its configuration and its model; files in S3 remain."""

from hospital import ENDPOINT, REGION, is_dry_run

from synthhealth.aws import launch

if is_dry_run():
    print(launch.Request("DeleteEndpoint", {"EndpointName": ENDPOINT}).to_json())
else:
    deletion = launch.plan_deletion(ENDPOINT, region=REGION)
    launch.delete_endpoint(deletion, region=REGION)
    print(deletion.summary())
