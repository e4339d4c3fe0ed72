#!/usr/bin/env python3
"""Runs the works of `nabla bench` in NumPy, PyTorch, JAX and TensorFlow, as far as they are installed.

Each library runs in a process of its own, so that no thread pool disturbs another, and with its own default of threads.
One file per library is written: NumPy.json, PyTorch.json, ...
"""

import argparse
import gc
import importlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys

PEERS = {"numpy": "numpy_peer", "torch": "torch_peer", "jax": "jax_peer", "tensorflow": "tensorflow_peer"}

# Set for another OpenBLAS, these would hold back the one that NumPy brings along.
OPENBLAS_SETTINGS = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]


def run_peer(name, arguments):
    """Runs the works in this process."""
    from measuring import FULL, QUICK, measure
    from works import all_works

    peer = importlib.import_module(PEERS[name]).Peer()
    sampler = QUICK if arguments.quick else FULL
    results = []
    for work in all_works():
        if arguments.only not in work.name:
            continue
        for mode in peer.modes:
            call = None
            try:
                call = prepared(peer, work, mode)
                results.append(measure(work.name, mode, call, peer, sampler))
            except Exception as error:  # the other works still count
                print(f"{peer.library}, {mode}: \"{work.name}\" failed and is left out: {error}", file=sys.stderr)
            del call  # and its data, before the next is made
            gc.collect()
    document = {"library": peer.library, "version": peer.version(), "results": results}
    path = pathlib.Path(arguments.output, peer.library + ".json")
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")


def prepared(peer, work, mode):
    """The call to measure."""
    if work.problem:
        return peer.step(work.problem(), mode)
    return peer.operation(work.operation, work.arrays(), mode)


def run_in_process_of_its_own(name, arguments):
    """Runs one peer; whether that worked."""
    environment = {key: value for key, value in os.environ.items() if key not in OPENBLAS_SETTINGS}
    command = [sys.executable, __file__, "--peer", name, "--output", arguments.output, "--only", arguments.only]
    if arguments.quick:
        command.append("--quick")
    return subprocess.run(command, env=environment).returncode == 0


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", metavar="DIRECTORY", help="where the files go (default: here)")
    parser.add_argument("--only", default="", metavar="TEXT", help="run the works whose names hold this text")
    parser.add_argument("--quick", action="store_true", help="take few samples")
    parser.add_argument("--peer", choices=PEERS, help="run this library alone, in this very process")
    return parser.parse_args()


def main():
    arguments = parsed()
    if arguments.peer:
        return run_peer(arguments.peer, arguments)
    if importlib.util.find_spec("numpy") is None:
        sys.exit(f"{sys.executable} has no numpy, which makes the data of every peer")
    failures = []
    for name in PEERS:
        if importlib.util.find_spec(name) is None:
            print(f"{name} is not installed: skipped")
            continue
        print(f"{name} ...", flush=True)
        if not run_in_process_of_its_own(name, arguments):
            failures.append(name)
    if failures:
        sys.exit("failed: " + ", ".join(failures))


if __name__ == "__main__":
    main()
