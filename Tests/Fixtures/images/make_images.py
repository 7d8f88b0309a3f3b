#!/usr/bin/env python3
"""Writes JPEG files of rarer kinds, and what OpenCV reads from them as PNG of the same name.

    python3 make_images.py

ycck.jpg:  luminance and colour of the negative, and black, as Adobe's programs print.
scans.jpg: a scan for each component, one after another, not progressive.
cmyk.png, ycck.png, scans.png: cv2.imread of these and of cmyk.jpg.
Made with Pillow 13.0, numpy 2.4 and opencv-python-headless 5.0.
"""
import io
import pathlib
import struct

import cv2
import numpy
from PIL import Image

FOLDER = pathlib.Path(__file__).parent
y, x = numpy.mgrid[0:16, 0:24]
PHOTO = Image.fromarray(numpy.stack([10 * x, 16 * y, 6 * (x + y)], -1).astype(numpy.uint8))


def jpeg(image):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, subsampling=0)
    return buffer.getvalue()


def ycck():
    # Pillow stores the complement of what it calls CMYK; byte 11 behind "Adobe" is the transform.
    negative = PHOTO.point(lambda value: 255 - value).convert("YCbCr")
    black = Image.fromarray((150 + 2 * x + 3 * y).astype(numpy.uint8))
    stored = [channel.point(lambda value: 255 - value) for channel in (*negative.split(), black)]
    data = bytearray(jpeg(Image.merge("CMYK", stored)))
    data[data.index(b"Adobe") + 11] = 2
    return bytes(data)


def scans():
    parts = [jpeg(channel) for channel in PHOTO.convert("YCbCr").split()]
    first = parts[0]
    frame, scan = first.index(b"\xff\xc0"), first.index(b"\xff\xda")
    size = struct.unpack(">H", first[frame + 2 : frame + 4])[0]
    components = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    header = first[frame + 4 : frame + 9] + b"\3" + components
    data = first[:frame] + b"\xff\xc0" + struct.pack(">H", 2 + len(header)) + header
    data += first[frame + 2 + size : scan]
    for number, part in enumerate(parts, 1):
        scan = part.index(b"\xff\xda")
        data += b"\xff\xda\0\x08\1" + bytes([number, 0, 0, 63, 0]) + part[scan + 10 : -2]
    return data + b"\xff\xd9"


(FOLDER / "ycck.jpg").write_bytes(ycck())
(FOLDER / "scans.jpg").write_bytes(scans())
for name in ("cmyk", "ycck", "scans"):
    cv2.imwrite(str(FOLDER / f"{name}.png"), cv2.imread(str(FOLDER / f"{name}.jpg")))
