"""
A sample larger than the memory
===============================

``sample`` returns a DataFrame. ``sample_to`` writes to a file chunk by chunk, so the memory it
needs depends on the chunk and not on the number of rows.
"""

import tempfile
from pathlib import Path

import pyarrow.parquet as pq

import synthhealth as sh

real = sh.datasets.load_ra_panel()
model = sh.Synthesizer(random_state=0).fit(real)

# %%
# Progress
# --------
# On a terminal a bar shows the time that remains. A function of your own gets the same events.


def tell(event):
    print(f"{event.done:7,} of {event.total:,} {event.unit}s, {event.eta:.0f} s remain")


# %%
# 200,000 rows in chunks of 50,000. The suffix of the file decides the format, Parquet or CSV. It is
# written whole or not at all.

folder = Path(tempfile.mkdtemp())
path = model.sample_to(
    folder / "large.parquet", 200_000, chunk_size=50_000, random_state=0, on_progress=tell
)

# %%
# Read it piece by piece as well, with only the columns that you need.

file = pq.ParquetFile(path)
print(f"{file.metadata.num_rows:,} rows, {path.stat().st_size / 1e6:.1f} MB")
anaemic = 0
for batch in file.iter_batches(batch_size=50_000, columns=["sex", "haemoglobin"]):
    part = batch.to_pandas()
    anaemic += (part["haemoglobin"] < part["sex"].map({"F": 12.0, "M": 13.0})).sum()
print(f"anaemic by the WHO's limits: {anaemic / file.metadata.num_rows:.1%}")

# sphinx_gallery_thumbnail_path = '_static/thumbnails/05_large_sample.png'
