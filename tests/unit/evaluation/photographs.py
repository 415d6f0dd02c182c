"""Small made photographs in the layouts of datasets."""

import io
from pathlib import Path

import numpy as np
from PIL import Image


def write_photograph(path: Path, brightness: int, *, square: int | None = None, size=(32, 24)) -> Path:
    """Writes a grey photograph of one brightness, with a square of another in it."""
    pixels = np.full((size[1], size[0]), brightness, dtype=np.uint8)
    if square is not None:
        pixels[4:12, 4:12] = square
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def write_mvtec_category(folder: Path) -> Path:
    """Writes four normals, two good tests, two dents with masks and one stain without."""
    for number in range(4):
        write_photograph(folder / "train" / "good" / f"{number:03}.png", 100)
    for number in range(2):
        write_photograph(folder / "test" / "good" / f"{number:03}.png", 101 + number)
        write_photograph(folder / "test" / "dent" / f"{number:03}.png", 100, square=250)
        write_photograph(folder / "ground_truth" / "dent" / f"{number:03}_mask.png", 0, square=255)
    write_photograph(folder / "test" / "stain" / "000.png", 160)
    return folder


def write_loco_category(folder: Path) -> Path:
    """Writes normals, a validation set, and one test of each kind; the logical anomaly has two mask files."""
    for number in range(3):
        write_photograph(folder / "train" / "good" / f"{number:03}.png", 100)
    write_photograph(folder / "validation" / "good" / "000.png", 100)
    write_photograph(folder / "test" / "good" / "000.png", 101)
    write_photograph(folder / "test" / "logical_anomalies" / "000.png", 100, square=250)
    write_photograph(folder / "test" / "structural_anomalies" / "000.png", 100, square=250)
    truth = folder / "ground_truth"
    write_photograph(truth / "logical_anomalies" / "000" / "000.png", 0, square=200)
    write_photograph(truth / "logical_anomalies" / "000" / "001.png", 0, square=30).write_bytes(
        _corner_mask(value=30)
    )
    write_photograph(truth / "structural_anomalies" / "000" / "000.png", 0, square=255)
    return folder


def _corner_mask(value: int) -> bytes:
    """A PNG of 32 x 24 pixels whose lower right 4 x 4 have a value."""
    pixels = np.zeros((24, 32), dtype=np.uint8)
    pixels[-4:, -4:] = value
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()


def write_ad2_category(folder: Path) -> Path:
    """Writes the public part of a category of MVTec AD 2, and a private test that has no truth."""
    for number in range(3):
        write_photograph(folder / "train" / "good" / f"{number:03}_regular.png", 100)
    write_photograph(folder / "validation" / "good" / "000_regular.png", 100)
    write_photograph(folder / "test_private" / "000_regular.png", 100)
    public = folder / "test_public"
    write_photograph(public / "good" / "000_regular.png", 101)
    write_photograph(public / "bad" / "000_overexposed.png", 100, square=250)
    write_photograph(public / "ground_truth" / "bad" / "000_overexposed_mask.png", 0, square=255)
    return folder


def write_prepared_visa_category(folder: Path) -> Path:
    """Writes a category of VisA as its script prepares it for one class: JPEG photographs, PNG masks of their name."""
    for number in range(3):
        write_photograph(folder / "train" / "good" / f"{number:04}.JPG", 100)
    write_photograph(folder / "test" / "good" / "0003.JPG", 101)
    write_photograph(folder / "test" / "bad" / "000.JPG", 100, square=250)
    write_photograph(folder / "ground_truth" / "bad" / "000.png", 0, square=1)
    return folder


def write_published_visa(root: Path, names=("candle", "fryum")) -> Path:
    """Writes VisA as it is published: photographs by category, the split of one class in a CSV file."""
    lines = ["object,split,label,image,mask"]
    for name in names:
        photographs, masks = f"{name}/Data/Images", f"{name}/Data/Masks/Anomaly/000.png"
        for number in range(4):
            image = f"{photographs}/Normal/{number:04}.JPG"
            write_photograph(root / image, 100)
            lines.append(f"{name},{'train' if number < 3 else 'test'},normal,{image},")
        write_photograph(root / photographs / "Anomaly" / "000.JPG", 100, square=250)
        write_photograph(root / masks, 0, square=1)
        lines.append(f"{name},test,anomaly,{photographs}/Anomaly/000.JPG,{masks}")
    (root / "split_csv").mkdir()
    (root / "split_csv" / "1cls.csv").write_text("\n".join(lines) + "\n")
    return root


def write_flat_category(folder: Path) -> Path:
    """Writes four good photographs and two dented ones, one of them with a mask."""
    for number in range(4):
        write_photograph(folder / "good" / f"{number}.png", 100 + number)
    write_photograph(folder / "dent" / "0.png", 100, square=250)
    write_photograph(folder / "dent" / "1.png", 100, square=250)
    write_photograph(folder / "masks" / "dent" / "0.png", 0, square=255)
    return folder
