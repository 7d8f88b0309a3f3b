"""AdamW with groups and clipping, by PyTorch: steps of random gradients, for OptimisersTests.

    optimisers.py STEPS FOLDER

Reads numbers.f64 of the folder: two parameters of 40 and 24 numbers, then for each step their gradients.
Writes found.f64: both parameters, then their first and second moments. The learning rate of step n, from 1, is
0.03 / n; the second parameter has ten times that and no decay.
"""
import pathlib
import sys

import torch

steps, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
numbers = torch.frombuffer(bytearray((folder / "numbers.f64").read_bytes()), dtype=torch.float64)
rows = numbers.reshape(steps + 1, 64)
parameters = [torch.nn.Parameter(part.clone()) for part in rows[0].split([40, 24])]
optimiser = torch.optim.AdamW(
    [{"params": parameters[:1]}, {"params": parameters[1:], "weight_decay": 0.0}],
    lr=0.03, betas=(0.9, 0.98), eps=1e-3, weight_decay=0.2)
for step, row in enumerate(rows[1:], 1):
    for parameter, gradient in zip(parameters, row.split([40, 24])):
        parameter.grad = gradient.clone()
    torch.nn.utils.clip_grad_norm_(parameters, 2.0)
    for group, factor in zip(optimiser.param_groups, (1, 10)):
        group["lr"] = 0.03 * factor / step
    optimiser.step()
states = [optimiser.state[parameter] for parameter in parameters]
found = [parameter.detach() for parameter in parameters]
found += [state["exp_avg"] for state in states] + [state["exp_avg_sq"] for state in states]
(folder / "found.f64").write_bytes(torch.cat(found).numpy().tobytes())
