"""How the documentation is built: sphinx-build -W --keep-going docs docs/_build/html."""

from __future__ import annotations

import sys
from pathlib import Path

import synthhealth

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "synthhealth"
author = "The synthhealth developers"
copyright = author
version = release = synthhealth.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "benchmark_results",
    "demo_report",
    "library_tables",
    "reference_pages",
]
exclude_patterns = [
    "_build",
    "_ext",
    "benchmark_plots.py",
    "results",
    "thumbnails.py",
    "auto_examples/README.rst",
    "auto_examples/*.ipynb",
    "sg_execution_times.rst",
]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"synthhealth {version}"
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# The tutorial is kept without outputs, and run for the page.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 120
nb_execution_raise_on_error = True

# A name in single backticks in a docstring links to what it names, where that is documented.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False

sphinx_gallery_conf = {
    "examples_dirs": str(HERE.parent / "examples"),
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/\d\d_",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": (),
    "reset_modules": (),
    "capture_repr": (),
    "remove_config_comments": True,
    "download_all_examples": False,
    "abort_on_example_error": True,
    "min_reported_time": 1,
    "plot_gallery": "True",
}
