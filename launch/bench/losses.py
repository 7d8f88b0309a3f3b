"""The losses of Relative Difficulty Distillation from PyTorch's operators (arXiv 2407.03719).

Written from the published formulas, as the scripts that people have compute them: probabilities,
masks and cross entropy at full resolution, each a tensor of its own.
"""

import torch
from torch.nn import functional

IGNORED = -1
THRESHOLD = 0.7


def enlarged(logits, labels):
    """Aligned bilinear upsampling to the size of the labels."""
    return functional.interpolate(
        logits.float(), labels.shape[1:], mode="bilinear", align_corners=True
    )


def distillation(student, teacher):
    """KL(teacher || student) of the low-resolution logits, a mean over the positions."""
    divergence = functional.kl_div(
        functional.log_softmax(student.float(), 1),
        functional.softmax(teacher.float(), 1),
        reduction="sum",
    )
    return divergence / (student.numel() / student.shape[1])


def teacher_full(student, teacher, labels):
    """TFE: cross entropy of both heads, weighted by how far the teacher's heads agree."""
    with torch.no_grad():
        main = functional.log_softmax(teacher[0].float(), 1)
        auxiliary = functional.log_softmax(teacher[1].float(), 1)
        divergence = (auxiliary.exp() * (auxiliary - main)).sum(1, keepdim=True)
        weights = enlarged((-divergence).exp(), labels)[:, 0]
    losses = [
        functional.cross_entropy(
            enlarged(logits, labels), labels, ignore_index=IGNORED, reduction="none"
        )
        for logits in student
    ]
    return (weights * (losses[0] + 0.4 * losses[1])).mean()


def difficult(logits, labels, minimum):
    """Where the probability of the labelled class is at most max(0.7, the k-th smallest)."""
    valid = labels != IGNORED
    probabilities = functional.softmax(enlarged(logits, labels), 1)
    picked = probabilities.gather(1, labels.clamp(min=0)[:, None])[:, 0]
    picked = picked.masked_fill(~valid, 1.0)
    ordered, _ = picked.flatten().sort()
    threshold = torch.clamp(ordered[min(minimum, ordered.numel()) - 1], min=THRESHOLD)
    return valid & (picked <= threshold)


def teacher_student(student, teacher, labels, minimum, class_weights):
    """TSE: cross entropy where exactly one of the two networks finds a pixel difficult."""
    terms = []
    for mine, theirs in zip(student, teacher):
        with torch.no_grad():
            mask = difficult(mine, labels, minimum) ^ difficult(theirs, labels, minimum)
            target = labels.masked_fill(~mask, IGNORED)
        terms.append(
            functional.cross_entropy(
                enlarged(mine, labels), target, class_weights, ignore_index=IGNORED
            )
        )
    return terms[0] + 0.4 * terms[1]
