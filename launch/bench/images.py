"""Writes random images with labels of 19 classes and their list: FOLDER COUNT HEIGHT WIDTH."""

import pathlib
import random
import struct
import sys
import zlib


def png(path, rows, width, channels):
    """An 8-bit PNG, gray or RGB."""

    def chunk(kind, data):
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, len(rows), 8, 0 if channels == 1 else 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 1)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def blocks(source, height, width, channels, values, size=32):
    """Rows of equal blocks of random values."""
    rows = []
    for top in range(0, height, size):
        cells = [
            bytes(source.randrange(values) for _ in range(channels)) * size
            for _ in range(0, width, size)
        ]
        rows += [b"".join(cells)[: width * channels]] * min(size, height - top)
    return rows


def main():
    folder = pathlib.Path(sys.argv[1])
    count, height, width = map(int, sys.argv[2:5])
    folder.mkdir(parents=True, exist_ok=True)
    source = random.Random(1)
    names = []
    for index in range(count):
        png(folder / f"{index}.png", blocks(source, height, width, 3, 256), width, 3)
        png(folder / f"{index}-labels.png", blocks(source, height, width, 1, 19), width, 1)
        names.append(f"{index}.png {index}-labels.png\n")
    (folder / "train.txt").write_text("".join(names))


if __name__ == "__main__":
    main()
