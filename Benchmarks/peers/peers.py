#!/usr/bin/env python3
"""Runs the works of `nabla bench` in NumPy, PyTorch, JAX and TensorFlow, as far as they are installed.

Each library runs in a process of its own, so that no thread pool disturbs another, and with its own default of threads.
One file per library is written: NumPy.json, PyTorch.json, ...

With --turns the libraries go through the works side by side, one work after another: what changes the machine's speed for
minutes (a host that moves a virtual machine's processors, heat) changes that of all of them. After each work a line
"turn: NAME" is printed, and nothing is done until a line comes back: `nabla bench` measures Nabla meanwhile.
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
import time

PEERS = {"numpy": "numpy_peer", "torch": "torch_peer", "jax": "jax_peer", "tensorflow": "tensorflow_peer"}

# Set for another OpenBLAS, these would hold back the one that NumPy brings along.
OPENBLAS_SETTINGS = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]

# Seconds after which the threads of a library have ceased to spin for more work: OpenMP's wait for 0.2.
SETTLING = 0.3


class Turns:
    """A peer's side of the turns. What libraries print goes to standard error from here on."""

    def __init__(self):
        self.answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self.pass_on()

    def wait(self):
        if not sys.stdin.readline():
            sys.exit("the turns have ended")

    def pass_on(self):
        time.sleep(SETTLING)
        print("done", file=self.answers, flush=True)

    def finish(self):
        """Stays until all have had their last turn: a process that ends is busy for a second."""
        sys.stdin.read()


class NoTurns:
    """A peer that runs alone."""

    def wait(self):
        pass

    def pass_on(self):
        pass

    def finish(self):
        pass


def run_peer(name, arguments):
    """Runs the works in this process."""
    from measuring import FULL, QUICK, measure
    from works import all_works

    peer = importlib.import_module(PEERS[name]).Peer()
    sampler = QUICK if arguments.quick else FULL
    turns = Turns() if arguments.turns else NoTurns()
    results = []
    for work in all_works():
        if arguments.only not in work.name:
            continue
        turns.wait()
        for mode in peer.modes:
            call = None
            try:
                call = prepared(peer, work, mode)
                results.append(measure(work.name, mode, call, peer, sampler))
            except Exception as error:  # the other works still count
                print(f"{peer.library}, {mode}: \"{work.name}\" failed and is left out: {error}", file=sys.stderr)
            del call  # and its data, before the next is made
            gc.collect()
        turns.pass_on()
    turns.finish()
    document = {"library": peer.library, "version": peer.version(), "results": results}
    path = pathlib.Path(arguments.output, peer.library + ".json")
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")


def prepared(peer, work, mode):
    """The call to measure."""
    if work.problem:
        return peer.step(work.problem(), mode)
    return peer.operation(work.operation, work.arrays(), mode)


def start(name, arguments, **streams):
    """Starts one peer in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key not in OPENBLAS_SETTINGS}
    command = [sys.executable, __file__, "--peer", name, "--output", arguments.output, "--only", arguments.only]
    command += ["--quick"] * arguments.quick + ["--turns"] * arguments.turns
    return subprocess.Popen(command, env=environment, text=True, **streams)


def run_one_after_another(names, arguments):
    """Runs the peers to their ends; the names of those that failed."""
    failures = []
    for name in names:
        print(f"{name} ...", flush=True)
        if start(name, arguments, stdin=subprocess.DEVNULL).wait() != 0:
            failures.append(name)
    return failures


def run_in_turns(names, arguments):
    """Goes through the works with all peers; the names of those that failed."""
    from works import all_works

    peers = {name: start(name, arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for name in names}
    at_work = [name for name in names if peers[name].stdout.readline()]  # all have loaded before the first begins
    for work in all_works():
        if arguments.only not in work.name:
            continue
        at_work = [name for name in at_work if take_turn(peers[name])]
        print(f"turn: {work.name}", flush=True)
        if not sys.stdin.readline():
            break
    for peer in peers.values():
        peer.stdin.close()
    return [name for name in names if peers[name].wait() != 0]


def take_turn(peer):
    """Lets a peer run its next work; whether it lives."""
    try:
        print(file=peer.stdin, flush=True)
    except BrokenPipeError:
        return False
    return peer.stdout.readline() != ""


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", metavar="DIRECTORY", help="where the files go (default: here)")
    parser.add_argument("--only", default="", metavar="TEXT", help="run the works whose names hold this text")
    parser.add_argument("--quick", action="store_true", help="take few samples")
    parser.add_argument("--turns", action="store_true", help="work by work, with a turn for the caller after each")
    parser.add_argument("--peer", choices=PEERS, help="run this library alone, in this very process")
    return parser.parse_args()


def main():
    arguments = parsed()
    if arguments.peer:
        return run_peer(arguments.peer, arguments)
    if importlib.util.find_spec("numpy") is None:
        sys.exit(f"{sys.executable} has no numpy, which makes the data of every peer")
    names = [name for name in PEERS if importlib.util.find_spec(name) is not None]
    for name in PEERS:
        if name not in names:
            print(f"{name} is not installed: skipped", flush=True)
    run = run_in_turns if arguments.turns else run_one_after_another
    failures = run(names, arguments)
    if failures:
        sys.exit("failed: " + ", ".join(failures))


if __name__ == "__main__":
    main()
