"""Puts the three data sets that come with scikit-learn into the registry, each as one versioned artifact."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

import tracker

registry = sys.argv[1]
DATA_SETS = {
    "digits": (load_digits, "8 x 8 pictures of handwritten digits"),
    "tumours": (load_breast_cancer, "cell nuclei of breast tumours, benign or malignant"),
    "diabetes": (load_diabetes, "progression of diabetes after one year"),
}

with TemporaryDirectory() as folder:
    for experiment, (load, description) in DATA_SETS.items():
        with tracker.start_run(registry, experiment=experiment, name="prepare data") as run:
            frame = load(as_frame=True).frame
            run.log_params({"rows": len(frame), "columns": len(frame.columns)})
            run.set_tag("stage", "data")
            run.set_note(f"{description.capitalize()}, as bundled with scikit-learn.")
            path = Path(folder, f"{experiment}.csv")
            frame.round(6).to_csv(path, index=False, lineterminator="\n")
            run.log_artifact(path, name=f"{experiment}-data", category="model", kind="data set")
