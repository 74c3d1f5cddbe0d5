# SPDX-License-Identifier: BSD-3-Clause
"""saved.py: what was measured, in a folder: machine.json, and STEP.json for each step.

A step's file has "state", which is "measured", "absent" (this tree has no such benchmark) or "failed"; in the latter
two "why"; otherwise "cases", the runs of each case by its name, "commands", what to type for each, and "notes".
"""

import json
import os
from dataclasses import dataclass

MACHINE = "machine"


class Bad(Exception):
    """What the user has to be told, in a line."""


@dataclass
class Saved:
    machine: dict
    steps: dict


def path_of(folder, name):
    return os.path.join(folder, f"{name}.json")


def write(folder, name, what):
    path = path_of(folder, name)
    try:
        os.makedirs(folder, exist_ok=True)
        # Not half of it, ever.
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(what, file, indent=1)
            file.write("\n")
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise Bad(f"{path}: can't be written: {error.strerror}") from error


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError as error:
        raise Bad(f"{path}: can't be read: {error.strerror}") from error
    except ValueError as error:
        raise Bad(f"{path}: isn't JSON: {error}") from error
    if not isinstance(found, dict):
        raise Bad(f"{path}: isn't what this program saves: an object is expected")
    return found


def load(folder):
    """@return all that the folder has."""
    if not os.path.isdir(folder):
        raise Bad(f"{folder}: no such folder; measure without --from first")
    if not os.path.exists(path_of(folder, MACHINE)):
        raise Bad(f"{folder}: nothing of this program's in it ({MACHINE}.json is missing)")
    names = [name[: -len(".json")] for name in sorted(os.listdir(folder)) if name.endswith(".json")]
    steps = {name: read(path_of(folder, name)) for name in names if name != MACHINE}
    return Saved(read(path_of(folder, MACHINE)), steps)
