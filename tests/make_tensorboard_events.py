"""Makes the event files that tests/tensorboard_events.zip holds, in an environment that has tensorboardX.

    python tests/make_tensorboard_events.py FOLDER

Two runs: one with scalars as PyTorch writes them, a histogram, a text and hyperparameters; one with scalars in tensors,
as TensorFlow 2 writes them.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from tensorboardX import SummaryWriter
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.proto.tensor_pb2 import TensorProto

ZIP = Path(__file__).with_name("tensorboard_events.zip")


def main(folder: Path) -> None:
    """Write both runs, and pack them."""
    with SummaryWriter(str(folder / "first")) as writer:
        for step in range(5):
            writer.add_scalar("loss/train", 1 / (step + 1), step, walltime=1_790_000_000 + step)
        writer.add_scalar("auc", 0.875, -1, walltime=1_790_000_010)
        writer.add_histogram("weights", [0.0, 1.0, 2.0], 0, walltime=1_790_000_010)
        writer.add_text("note", "hello", 0, walltime=1_790_000_010)
        writer.add_hparams({"lr": 0.1}, {"hparam/auc": 0.875}, name="hparams")
    with SummaryWriter(str(folder / "second")) as writer:
        for step, tensor in enumerate(
            (TensorProto(dtype=1, float_val=[0.5]), TensorProto(dtype=2, tensor_content=b"\0\0\0\0\0\0\xd0\x3f"))
        ):
            value = Summary.Value(tag="epoch_loss", tensor=tensor)
            writer.file_writer.add_summary(Summary(value=[value]), step, walltime=1_790_000_000 + step)
    with zipfile.ZipFile(ZIP, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = path.relative_to(folder)
                archive.write(path, (name.parent / "events.out.tfevents.1790000000.host").as_posix())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
