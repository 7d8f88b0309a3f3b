"""Prints where Package.swift says something else than the files import, a line each.

Reads the manifest as `swift package dump-package` prints it, in the repository's root. Each target with
Swift files declares exactly the modules of this package, and the products of others, that these files
import. Targets stand in the order of their floors, the folders of Sources, and behind all that they need.
A test may also declare a program, which it starts.
"""
import json
import pathlib
import re
import sys

IMPORT = re.compile(
    r"^(?:@\w+ +|[a-z]+ +)*import +"
    r"(?:(?:typealias|struct|class|enum|protocol|let|var|func) +)?(\w+)", re.MULTILINE)


def declared(target):
    """The names that a target declares, of targets and of products."""
    return {words[0] for dependency in target["dependencies"] for words in dependency.values()}


def folder(target):
    """Where the files of a target are."""
    default = ("Tests/" if target["type"] == "test" else "Sources/") + target["name"]
    return target.get("path") or default


targets = json.load(sys.stdin)["targets"]
programs = {target["name"] for target in targets if target["type"] == "executable"}
known = {target["name"] for target in targets}.union(*map(declared, targets)) - programs
before = set()
floor = ""
for target in targets:
    name, path = target["name"], folder(target)
    for late in sorted(declared(target) & {other["name"] for other in targets} - before):
        print(f"{name}: needs {late}, which stands behind it in Package.swift")
    before.add(name)
    if path.startswith("Sources/"):
        if path.split("/")[1] < floor:
            print(f"{name}: {path} stands behind a target of {floor}")
        floor = max(floor, path.split("/")[1])
    files = sorted(pathlib.Path(path).rglob("*.swift"))
    if not files:
        continue
    imported = {module for file in files for module in IMPORT.findall(file.read_text())} & known
    for module in sorted(imported - declared(target)):
        print(f"{name}: imports {module}, which it does not declare")
    for module in sorted(declared(target) - imported - programs):
        print(f"{name}: declares {module}, which no file of it imports")
