"""Runs rdd and the PyTorch baseline in turn and prints the table: see compare."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RECIPE = HERE / "step.yaml"


class Bench:
    """Starts both programs on the same cores."""

    def __init__(self, options):
        self.options = options
        self.formats = {}

    def pinned(self, ranks, command):
        cores = sorted(os.sched_getaffinity(0))[:ranks]
        return ["taskset", "-c", ",".join(map(str, cores)), *command]

    def run(self, command):
        # The last line that begins an object: launchers may speak before.
        result = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, check=True, env=dict(os.environ)
        )
        return json.loads(result.stdout[result.stdout.index("{") :])

    def ours(self, case, kind="step"):
        settings = {
            "data.root": self.options.images,
            "train.precision": case["precision"],
            "train.batch_size": 2 * case["ranks"],
            "data.crop_height": case["height"],
            "data.crop_width": 2 * case["height"],
            "distill.warmup_iterations": 0 if case["stage"] == "tse" else 401,
        }
        if kind == "loss":
            settings["distill.warmup_iterations"] = 200
        counts = ["--steps", str(self.options.steps), "--warmup", "2"]
        if kind == "loss":
            counts = ["--calls", "10"]
        command = [self.options.rdd, "bench", kind, str(RECIPE), "--json", *counts]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        if case["ranks"] > 1:
            command = ["mpirun", "-n", str(case["ranks"]), *command]
        return self.run(["env", "OMP_NUM_THREADS=1", *self.pinned(case["ranks"], command)])

    def theirs(self, case, extra=(), layout=None):
        command = [self.options.python, str(HERE / "baseline.py")]
        values = {
            "stage": case["stage"],
            "precision": case["precision"],
            "height": case["height"],
            "width": 2 * case["height"],
            "ranks": case["ranks"],
            "steps": self.options.steps,
            "format": layout or self.format(case),
        }
        for key, value in values.items():
            command += [f"--{key}", str(value)]
        return self.run(self.pinned(case["ranks"], [*command, *extra]))

    def format(self, case):
        """The memory format in which PyTorch is faster here."""
        key = (case["precision"], case["height"])
        if key not in self.formats:
            times = {
                layout: self.theirs({**case, "ranks": 1}, layout=layout)["step_seconds"]
                for layout in ("channels_last", "contiguous")
            }
            self.formats[key] = min(times, key=times.get)
            say(f"PyTorch {key[0]}, height {key[1]}: {times}, taking {self.formats[key]}")
        return self.formats[key]

    def pairs(self, case):
        """Results of both, A B A B."""
        self.format(case)
        results = []
        for index in range(self.options.pairs):
            mine, other = self.ours(case), self.theirs(case)
            say(
                f"{describe(case)}, pair {index + 1}: {mine['step_seconds']['median']:.3f} s and "
                f"{other['step_seconds']:.3f} s, of the processor "
                f"{mine['processor_seconds']['median']:.3f} s and "
                f"{other['processor_seconds']:.3f} s"
            )
            results.append((mine, other))
        return results


def say(text):
    print(f"compare: {text}", file=sys.stderr, flush=True)


def describe(case):
    size = f"{case['height']}x{2 * case['height']}"
    ranks = "1 rank" if case["ranks"] == 1 else f"{case['ranks']} ranks"
    return f"step, {case['precision']}, {size}, {ranks} x 1 thread, {case['stage'].upper()}"


def row(name, goal, values, unit="", processor=()):
    """A line of the table: the median of the pairs, and the least and the largest.

    Processor time, where it is known, is what other programs on the machine change less.
    """
    scale = 100 if unit == "%" else 1
    numbers = (min(values), statistics.median(values), max(values))
    low, middle, high = (f"{scale * value:.3g}{unit}" for value in numbers)
    used = f"{statistics.median(processor):.3g}" if processor else ""
    print(f"| {name} | {goal} | {middle} | {low} to {high} | {used} |", flush=True)


def has_bfloat16():
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return "avx512_bf16" in flags or "amx_bf16" in flags


def compare(bench, options):
    case = {"precision": "float32", "height": 256, "ranks": 1, "stage": "tse"}
    precisions = [("float32", 0.60)]
    if has_bfloat16() or options.bfloat16:
        precisions.append(("bfloat16", 0.45))
    else:
        say("this processor has no bfloat16 instructions: float32 alone (--bfloat16 measures it)")
    print("| | goal | median of the pairs | from, to | in processor time |")
    print("| --- | --- | --- | --- | --- |")
    single = {}
    for precision, goal in precisions:
        for stage in ("tfe", "tse"):
            now = {**case, "precision": precision, "stage": stage}
            single[precision] = bench.pairs(now)
            steps(now, goal, single[precision])
    row(
        "peak memory a rank: ours / PyTorch",
        0.6,
        [mine["peak_bytes"] / other["peak_bytes"] for mine, other in single["float32"]],
    )
    row("waiting for data, share of the step", "1 %", shares(single["float32"], "data"), "%")
    if len(os.sched_getaffinity(0)) >= 2:
        for precision, goal in precisions:
            now = {**case, "precision": precision, "ranks": 2}
            both = bench.pairs(now)
            steps(now, goal, both)
        exposed = [
            (mine["phase_seconds"]["communication"]["median"] + mine["collective_seconds"]["median"])
            / mine["step_seconds"]["median"]
            for mine, _ in both
        ]
        row("exposed communication and waiting on 2 ranks", "3 %", exposed, "%")
        row(
            "images/s a rank, 2 ranks / 1",
            0.95,
            [
                two["images_per_second"] / 2 / one["images_per_second"]
                for (two, _), (one, _) in zip(both, single[precision])
            ],
        )
    if options.large:
        for precision, _ in precisions:
            now = {**case, "precision": precision, "height": 512}
            steps(now, 0.35, bench.pairs(now))
    losses(bench, case)


def losses(bench, case):
    for stage in ("tfe", "tse"):
        now = {**case, "stage": stage}
        extra = ("--loss-only", "--steps", "5")
        results = []
        for _ in range(bench.options.pairs):
            results.append((bench.ours(now, "loss"), bench.theirs(now, extra)))
        row(
            f"{stage.upper()} loss forward and backward, fused / PyTorch's operators",
            "0.04",
            [mine["seconds"][stage] / other["loss_seconds"] for mine, other in results],
            processor=[
                mine["processor_seconds"][stage] / other["processor_seconds"]
                for mine, other in results
            ],
        )
    row(
        "its extra memory / PyTorch's",
        "0.05",
        [mine["extra_bytes"] / max(other["extra_bytes"], 1) for mine, other in results],
    )


def steps(case, goal, results):
    """The line of a case's pairs."""
    row(
        f"{describe(case)}: ours / PyTorch",
        goal,
        [mine["step_seconds"]["median"] / other["step_seconds"] for mine, other in results],
        processor=[
            mine["processor_seconds"]["median"] / other["processor_seconds"]
            for mine, other in results
        ],
    )


def shares(results, phase):
    return [
        mine["phase_seconds"][phase]["median"] / mine["step_seconds"]["median"]
        for mine, _ in results
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rdd", required=True)
    parser.add_argument("--python", required=True)
    parser.add_argument("--images", required=True)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--bfloat16", action="store_true")
    options = parser.parse_args()
    bench = Bench(options)
    version = subprocess.run(
        [options.python, "-c", "import torch; print(torch.__version__)"],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.strip()
    print(f"PyTorch {version}, {options.pairs} pairs of {options.steps} steps, in turn\n")
    compare(bench, options)


if __name__ == "__main__":
    main()
