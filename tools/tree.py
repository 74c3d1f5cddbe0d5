# SPDX-License-Identifier: BSD-3-Clause
"""tree.py: what the checks share: which files the tree has, and C without its comments and strings."""

import os
import re
import sys

# Folders that hold C of ours.
C_FOLDERS = ("lib", "app", "benchmarks", "test", "examples", "tools")

_SKIPPED = re.compile(r"^(\.git|__pycache__|build.*)$")
_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


def root_from_args():
    """The tree to look at: the one that the script is in, or the folder given (tests give a bad tree)."""
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and sys.argv[1].startswith("-")):
        sys.exit(f"usage: {sys.argv[0]} [FOLDER]")
    root = sys.argv[1] if len(sys.argv) == 2 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not os.path.isdir(root):
        sys.exit(f"{os.path.basename(sys.argv[0])}: no folder {root}")
    return root


def files(root):
    """Paths relative to root of all files but git's and built ones, sorted."""
    found = []
    for folder, folders, names in os.walk(root):
        top = folder == root
        folders[:] = [f for f in folders if not (f == "__pycache__" or top and _SKIPPED.match(f))]
        # In a worktree .git is a file.
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names if not (top and name == ".git")]
    return sorted(found)


def c_files(root):
    return [f for f in files(root) if f.endswith((".c", ".h")) and f.split("/")[0] in C_FOLDERS]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def code_only(text):
    """C with comments and literals blanked, line for line."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    return _NOT_CODE.sub(blank, text)


def report(violations, what):
    """Prints violations, a line each, and ends the check."""
    for violation in violations:
        print(violation)
    if violations:
        print(f"{len(violations)} violation{'s' if len(violations) > 1 else ''} of {what}")
    sys.exit(1 if violations else 0)
