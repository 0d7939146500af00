"""Ask how a training job goes; `launch.follow` goes on asking until its end."""

from hospital import REGION, is_dry_run

from synthhealth.aws import launch

if is_dry_run():
    print(launch.status_request("ra", "training").to_json())
else:
    outcome, _ = launch.describe("ra", "training", region=REGION)
    print(outcome.summary())
