"""Files that strangers might upload, legal ones and every kind that must be refused."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FEATURES = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
LABELS = np.arange(60) % 3
NOISE = np.random.default_rng(2).bytes(1_000_000)
PIXELS = np.random.default_rng(1).integers(0, 256, (60, 6, 6, 3), dtype=np.uint8)


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(entries: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def tarred(entries: Iterable[tuple[tarfile.TarInfo | str, bytes]], mode: Any = "w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for entry, content in entries:
            info = entry if isinstance(entry, tarfile.TarInfo) else tarfile.TarInfo(entry)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def picture(width: int = 8, height: int = 8, *, seed: int = 0, mode: str = "RGB", form: str = "PNG") -> bytes:
    file = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(file, form)
    return file.getvalue()


def class_folders(prefix: str = "") -> list[tuple[str, bytes]]:
    return [(f"{prefix}{name}/{number}.png", picture(seed=number)) for name in ("cat", "dog") for number in range(4)]


def npy(values: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def symlink_in_zip() -> bytes:
    info = zipfile.ZipInfo("cat/link.png")
    info.external_attr = 0o120777 << 16
    return zipped([*class_folders(), (info, b"/etc/passwd")])


def link_in_tar(kind: bytes) -> bytes:
    info = tarfile.TarInfo("cat/link.png")
    info.type, info.linkname = kind, "/etc/passwd"
    return tarred([*class_folders(), (info, b"")])


def encrypted() -> bytes:
    """A zip whose first entry says that it is encrypted; zipfile cannot make a real one."""
    content = bytearray(zipped(class_folders()))
    struct.pack_into("<H", content, 6, 1)
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 8, 1)
    return bytes(content)


def huge_header_in_tar() -> bytes:
    """A tar with a comment of 3 MB, which packs into nothing and would be read into memory."""
    info = tarfile.TarInfo("cat/0.png")
    info.pax_headers = {"comment": "x" * 3_000_000}
    return tarred([(info, picture())])


def pixel_flood() -> bytes:
    """A PNG of a few bytes whose header says 60,000 x 60,000."""
    content = bytearray(picture())
    struct.pack_into(">II", content, 16, 60_000, 60_000)
    struct.pack_into(">I", content, 29, zlib.crc32(bytes(content[12:29])))
    return zipped([*class_folders(), ("cat/flood.png", bytes(content))])


def doubled() -> bytes:
    entries = [("x.npy", npy(FEATURES)), ("y.npy", npy(LABELS)), ("z.npy", npy(LABELS))]
    return zipped(entries, zipfile.ZIP_STORED).replace(b"z.npy", b"y.npy")


def claims_more_entries_than_it_has() -> bytes:
    """A zip whose end record says that its directory is gigabytes long."""
    content = bytearray(zipped(class_folders()))
    struct.pack_into("<I", content, content.rindex(b"PK\x05\x06") + 12, 0xF0000000)
    return bytes(content)


def damaged() -> bytes:
    """A zip with one byte of an image changed: its checksum no longer holds."""
    content = bytearray(zipped(class_folders(), zipfile.ZIP_STORED))
    content[content.index(b"IDAT") + 20] ^= 0xFF
    return bytes(content)


def lying_array() -> bytes:
    """An array whose header promises more values than there are."""
    content = npy(FEATURES).replace(b"(60, 5)", b"(90, 5)")
    return zipped([("x.npy", content), ("y.npy", npy(np.arange(90) % 3))])


def late_header() -> bytes:
    """An array of format version 2, whose header may claim to be 4 GB long."""
    content = b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFFF) + b" " * 1000
    return zipped([("x.npy", content), ("y.npy", npy(LABELS))])


def _with(changes: dict[int, float], values: Any) -> Any:
    values = values.copy()
    for place, value in changes.items():
        values.reshape(-1)[place] = value
    return values


_LEGAL = npz(x=FEATURES, y=LABELS)

DOT = picture(1, 1)
ZEROS = np.zeros((20_000_000, 1), np.uint8)

# What must be refused: the rule that it breaks, and what the message must say.
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "zero bytes": (b"", "empty_file", "is empty"),
    "no archive": (b"these are no arrays" * 100, "not_an_archive", "no whole"),
    "no archive, though it begins like one": (b"PK and nothing else" * 100, "not_an_archive", "cut off"),
    "a zip cut off": (_LEGAL[:-300], "not_an_archive", "cut off"),
    "a tar cut off": (tarred(class_folders())[:-200], "not_an_archive", "no whole"),
    "a zip of nothing": (zipped([]), "no_files", "no files"),
    "a zip bomb by ratio": (zipped([("x.npy", npy(ZEROS))]), "too_compressed", "200 times"),
    "a tar bomb by ratio": (tarred([("cat/a.png", bytes(20_000_000))]), "too_compressed", "200 times"),
    "a zip bomb by size": (
        zipped([("cat/noise.png", NOISE), *((f"cat/{n}.png", bytes(8_000_000)) for n in range(4))]),
        "too_large_unpacked",
        "30000000 bytes",
    ),
    "a header bomb": (huge_header_in_tar(), "not_an_archive", "larger than any real one"),
    "a directory bomb": (claims_more_entries_than_it_has(), "too_many_entries", "1000 entries"),
    "too many entries": (zipped([(f"cat/{n}.png", b"") for n in range(1001)]), "too_many_entries", "1000 entries"),
    "too many entries in a tar": (tarred([(f"cat/{n}.png", DOT) for n in range(1001)]), "too_many_entries", "1000"),
    "a name that climbs out": (zipped([*class_folders(), ("../../etc/cron.d/x", b"")]), "path_outside", "without .."),
    "a name that climbs out, in a tar": (tarred([("cat/../../x.png", picture())]), "path_outside", "without .."),
    "an absolute name": (zipped([("/etc/cron.d/x.png", picture())]), "path_outside", "relative"),
    "an absolute name in a tar": (tarred([("/cat/x.png", picture())]), "path_outside", "relative"),
    "a drive": (zipped([("C:/cat/x.png", picture())]), "path_outside", "relative"),
    "a backslash": (tarred([("cat\\x.png", picture())]), "path_outside", "relative"),
    "a control character": (zipped([("cat/\x1b[2J.png", picture())]), "illegal_name", "printable"),
    "a symbolic link": (symlink_in_zip(), "link", "symbolic link"),
    "a symbolic link in a tar": (link_in_tar(tarfile.SYMTYPE), "link", "link"),
    "a hard link in a tar": (link_in_tar(tarfile.LNKTYPE), "link", "link"),
    "a device in a tar": (link_in_tar(tarfile.CHRTYPE), "not_a_file", "neither"),
    "encrypted": (encrypted(), "encrypted", "password"),
    "packed in another way": (zipped(class_folders(), zipfile.ZIP_BZIP2), "compression", "deflated"),
    "a doubled name": (doubled(), "duplicate_name", "more than once"),
    "pickled objects": (npz(x=np.array([{"a": 1}] * 60, dtype=object), y=LABELS), "pickled", "pickled"),
    "words": (npz(x=FEATURES, y=LABELS.astype(str)), "wrong_dtype", "integers"),
    "whole numbers as inputs": (npz(x=FEATURES.astype(np.int64), y=LABELS), "wrong_dtype", "uint8 or float"),
    "complex numbers": (npz(x=FEATURES, y=FEATURES[:, 0].astype(np.complex64)), "wrong_dtype", "float"),
    "truth values": (npz(x=FEATURES, y=LABELS > 1), "wrong_dtype", "bool"),
    "inputs of one dimension": (npz(x=FEATURES[:, 0], y=LABELS), "wrong_shape", "[N, F]"),
    "images of seven channels": (npz(x=np.zeros((60, 7, 6, 5), np.uint8), y=LABELS), "wrong_shape", "C of 1 or 3"),
    "labels of two dimensions": (npz(x=FEATURES, y=LABELS[:, None]), "wrong_shape", "[N] integers"),
    "other names": (npz(images=FEATURES, labels=LABELS), "wrong_names", "x_train"),
    "half of a split": (npz(x_train=FEATURES, y_train=LABELS), "wrong_names", "x_val"),
    "other lengths": (npz(x=FEATURES, y=LABELS[:50]), "lengths_differ", "y has 50"),
    "no samples": (npz(x=FEATURES[:0], y=LABELS[:0]), "empty_array", "no samples"),
    "a negative label": (npz(x=FEATURES, y=_with({7: -1}, LABELS)), "label_out_of_range", "-1"),
    "a huge label": (npz(x=FEATURES, y=_with({7: 10**9}, LABELS)), "label_out_of_range", "1000000000"),
    "a label that is not trained": (
        npz(x_train=FEATURES, y_train=LABELS, x_val=FEATURES, y_val=_with({3: 3}, LABELS)),
        "label_out_of_range",
        "the label 3; the highest in y_train is 2",
    ),
    "a class of one": (npz(x=FEATURES, y=_with({3: 3}, LABELS)), "class_too_small", "class 3"),
    "NaN features": (npz(x=_with({9: np.nan}, FEATURES), y=LABELS), "not_finite", "nan"),
    "infinite targets": (npz(x=FEATURES, y=_with({9: np.inf}, FEATURES[:, 0])), "not_finite", "inf"),
    "a number too large for float32": (
        npz(x=_with({9: 1e200}, FEATURES.astype(np.float64)), y=LABELS), "not_finite", "1e+200",
    ),
    "fewer values than promised": (lying_array(), "cut_off", "ends before"),
    "a header of gigabytes": (late_header(), "not_an_array", "version"),
    "splits of different shapes": (
        npz(x_train=FEATURES, y_train=LABELS, x_val=FEATURES[:, :4], y_val=LABELS), "splits_differ", "[60, 4]",
    ),
    "arrays beside images": (zipped([("x.npy", npy(FEATURES)), ("cat/0.png", picture())]), "wrong_names", "cat/0.png"),
    "a text among images": (zipped([*class_folders(), ("cat/notes.txt", b"purr")]), "not_an_image", "notes.txt"),
    "a damaged image": (damaged(), "not_an_archive", "CRC"),
    "a flood of pixels": (pixel_flood(), "not_an_image", "flood.png"),
    "no class folders": (zipped([(f"{n}.png", picture()) for n in range(4)]), "wrong_layout", "class folder"),
    "one class": (zipped([(f"cat/{n}.png", picture()) for n in range(4)]), "wrong_layout", "2 to"),
    "a class of one image": (zipped([*class_folders(), ("fox/0.png", picture())]), "class_too_small", "'fox'"),
    "a class that is not trained": (
        zipped([*class_folders("train/"), *class_folders("val/"), ("val/fox/0.png", picture())]),
        "wrong_layout",
        "no class that train/ has not",
    ),
}  # fmt: skip


def files_in(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


LEGAL = npz(x=FEATURES, y=LABELS)
