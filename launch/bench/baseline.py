"""The step that rdd is compared with, in PyTorch; prints one JSON object.

DeepLabV3-R101 teaches DeepLabV3-R18 on random images. With --ranks, DistributedDataParallel over
gloo; BatchNorm then sees a rank's images alone, since PyTorch has no synchronised one for CPUs.
"""

import argparse
import contextlib
import json
import os
import queue
import resource
import socket
import statistics
import sys
import time

import torch
from torch import distributed, multiprocessing

import losses
from networks import DeepLabV3

CLASSES = 19


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--stage", choices=["tfe", "tse"], default="tse")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument(
        "--format", choices=["channels_last", "contiguous"], default="channels_last"
    )
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--images", type=int, default=2, help="images of a rank")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--warmup", type=int, default=1)
    parser.add_argument("--loss-only", action="store_true", help="time the losses alone")
    return parser.parse_args()


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Objective:
    """The losses of a stage."""

    def __init__(self, options):
        self.is_early = options.stage == "tfe"
        # As the scripts weigh it: 100000 of the pixels of 4 images of 512 x 1024.
        pixels = options.images * options.height * options.width
        self.minimum = max(1, pixels * 100000 // (4 * 512 * 1024))
        self.class_weights = torch.ones(CLASSES)

    def __call__(self, student, teacher, labels):
        if self.is_early:
            task = losses.teacher_full(student, teacher, labels)
        else:
            task = losses.teacher_student(
                student, teacher, labels, self.minimum, self.class_weights
            )
        return task + losses.distillation(student[0], teacher[0])


def random_labels(options):
    labels = torch.randint(0, CLASSES, (options.images, options.height, options.width))
    labels[:, : options.height // 32] = losses.IGNORED
    return labels


def time_losses(options):
    """Forward, and backward to the low-resolution logits."""
    objective, labels = Objective(options), random_labels(options)
    size = (options.images, CLASSES, (options.height + 7) // 8, (options.width + 7) // 8)
    student = [torch.randn(size).mul_(3).requires_grad_() for _ in range(2)]
    teacher = [torch.randn(size).mul_(3) for _ in range(2)]
    before, times, processor = peak_bytes(), [], []
    for _ in range(options.warmup + options.steps):
        begin, used = time.perf_counter(), time.process_time()
        torch.autograd.grad(objective(student, teacher, labels), student)
        times.append(time.perf_counter() - begin)
        processor.append(time.process_time() - used)
    return {
        "loss_seconds": statistics.median(times[options.warmup :]),
        "processor_seconds": statistics.median(processor[options.warmup :]),
        "extra_bytes": peak_bytes() - before,
    }


def time_steps(options):
    layout = (
        torch.channels_last if options.format == "channels_last" else torch.contiguous_format
    )
    student = DeepLabV3(18, CLASSES).to(memory_format=layout)
    teacher = DeepLabV3(101, CLASSES).to(memory_format=layout).eval().requires_grad_(False)
    if options.ranks > 1:
        student = torch.nn.parallel.DistributedDataParallel(student)
    optimiser = torch.optim.SGD(
        student.parameters(), lr=1e-4, momentum=0.9, weight_decay=1e-4
    )
    objective, labels = Objective(options), random_labels(options)
    images = torch.randn(options.images, 3, options.height, options.width)
    images = images.to(memory_format=layout)
    mixed = (
        torch.autocast("cpu", dtype=torch.bfloat16)
        if options.precision == "bfloat16"
        else contextlib.nullcontext()
    )
    names = ["teacher", "student", "difficulty", "backward", "update"]
    times, processor = [], []
    for _ in range(options.warmup + options.steps):
        marks, used = [time.perf_counter()], time.process_time()
        with mixed:
            with torch.no_grad():
                taught = teacher(images)
            marks.append(time.perf_counter())
            learned = student(images)
        marks.append(time.perf_counter())
        loss = objective(learned, taught, labels)
        marks.append(time.perf_counter())
        loss.backward()
        marks.append(time.perf_counter())
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        marks.append(time.perf_counter())
        times.append(marks)
        processor.append(time.process_time() - used)
    timed = times[options.warmup :]
    return {
        "step_seconds": statistics.median(marks[-1] - marks[0] for marks in timed),
        "phase_seconds": {
            name: statistics.median(marks[index + 1] - marks[index] for marks in timed)
            for index, name in enumerate(names)
        },
        "processor_seconds": statistics.median(processor[options.warmup :]),
        "peak_bytes": peak_bytes(),
    }


def work(rank, options, port, results):
    torch.manual_seed(rank)
    torch.set_num_threads(options.threads)
    if options.ranks > 1:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
        distributed.init_process_group("gloo", rank=rank, world_size=options.ranks)
    result = time_losses(options) if options.loss_only else time_steps(options)
    if options.ranks > 1:
        distributed.destroy_process_group()
    results.put((rank, result))


def main():
    options = arguments()
    if options.ranks == 1:
        results = queue.SimpleQueue()
        work(0, options, 0, results)
        _, result = results.get()
    else:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        results = multiprocessing.get_context("spawn").SimpleQueue()
        multiprocessing.spawn(work, (options, port, results), options.ranks)
        result = dict(results.get() for _ in range(options.ranks))[0]
    json.dump({"torch": torch.__version__, **vars(options), **result}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
