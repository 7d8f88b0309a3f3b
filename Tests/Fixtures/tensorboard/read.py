"""Prints what TensorBoard's own reader finds in a folder of event files, as one JSON object."""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

# 0 keeps all of a kind; without it the reader draws lots.
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0})
events.Reload()
tags = events.Tags()


def histogram(event):
    value = event.histogram_value
    return {"step": event.step, "count": value.num, "least": value.min, "most": value.max}


def image(event):
    png = event.encoded_image_string.startswith(b"\x89PNG\r\n\x1a\n")
    return {"step": event.step, "width": event.width, "height": event.height, "png": png}


print(
    json.dumps(
        {
            "scalars": {
                tag: [{"step": event.step, "value": event.value} for event in events.Scalars(tag)]
                for tag in tags["scalars"]
            },
            "histograms": {
                tag: [histogram(event) for event in events.Histograms(tag)]
                for tag in tags["histograms"]
            },
            "images": {
                tag: [image(event) for event in events.Images(tag)] for tag in tags["images"]
            },
        }
    )
)
