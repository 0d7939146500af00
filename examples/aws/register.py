"""Put a model into the registry, pending approval, with the figures of its report."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hospital import BUCKET, IMAGE, MODEL, SAFE, send

import synthhealth as sh
from synthhealth.aws import launch

# The report of the training job; here one is made, so that this runs by itself.
real = sh.datasets.load_ra_panel()
model = sh.Synthesizer(random_state=1).fit(real)
with TemporaryDirectory() as folder:
    report = Path(folder) / "report.json"
    model.evaluate(synthetic=model.sample(61)).to_json(report)
    figures = launch.Figures.from_file(report)

package = launch.PackageSettings(
    group="ra-cohort",
    description="Rheumatoid arthritis, blood analysis",
    image=IMAGE,
    model_data=MODEL,
    # A job packs its report into output.tar.gz: unpack it, and put it there.
    report=f"s3://{BUCKET}/models/ra/report.json",
    kms_key=SAFE["kms_key"],
)
send(
    launch.model_package_group(package),
    launch.model_package(package, figures),
    launch.model_card(package, figures),
)
