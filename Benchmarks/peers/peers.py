#!/usr/bin/env python3
"""Runs the works of `nabla bench` in NumPy, PyTorch, JAX and TensorFlow, as far as they are installed.

Each library runs in a process of its own, so that no thread pool disturbs another, and with its own default of threads.
One file per library is written: NumPy.json, PyTorch.json, ...

With --turns the libraries go through the works side by side and take several turns at each, in both orders: what
changes the machine's speed for a while (a host that moves a virtual machine's processors, heat) changes that of all of
them. When it is the caller's turn a line "turn: NAME" is printed, and nothing is done until a line comes back:
`nabla bench` measures Nabla meanwhile.
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
        from measuring import rest

        rest()
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
    peer = importlib.import_module(PEERS[name]).Peer()

    from works import chosen  # after the library, which the works find loaded

    turns = Turns() if arguments.turns else NoTurns()
    results = []
    for work in chosen(arguments.group, arguments.only):
        results += measured(work, peer, sampler_of(work, arguments), turns)
        gc.collect()  # its data, before the next is made
    turns.finish()
    document = {"library": peer.library, "version": peer.version(), "results": results}
    path = pathlib.Path(arguments.output, peer.library + ".json")
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")


def sampler_of(work, arguments):
    from measuring import BRIEF, FULL, QUICK

    if arguments.quick:
        return QUICK
    return BRIEF if work.is_brief else FULL


def measured(work, peer, sampler, turns):
    """A work's results, in each mode of a peer; none where it has no such operation."""
    from measuring import Series

    modes = peer.modes if work.offers(peer.library) else []
    all_series = {}
    failed = set()
    for turn in range(sampler.turns):
        turns.wait()
        for mode in modes if turn % 2 == 0 else reversed(modes):
            try:
                if mode not in all_series and mode not in failed:
                    all_series[mode] = Series(work, mode, prepared(peer, work, mode), peer, sampler)
                if mode in all_series:
                    all_series[mode].take_turn()
            except Exception as error:  # the other works still count
                print(f"{peer.library}, {mode}: \"{work.name}\" failed and is left out: {error}", file=sys.stderr)
                failed.add(mode)
                all_series.pop(mode, None)
        turns.pass_on()
    return [series.result() for series in all_series.values()]


def prepared(peer, work, mode):
    """The call to measure."""
    if work.problem:
        problem = work.problem()
        loss = problem.loss
        return peer.step(problem, loss[peer.library] if isinstance(loss, dict) else peer.losses[loss], mode)
    if not isinstance(work.operation, dict):
        return peer.operation(peer.operations[work.operation], work.arrays(), mode)
    function = work.operation[peer.library]
    return peer.operation(peer.gradient(function) if work.is_loss else function, work.arrays(), mode)


def start(name, arguments, **streams):
    """Starts one peer in a process of its own."""
    environment = {key: value for key, value in os.environ.items() if key not in OPENBLAS_SETTINGS}
    command = [sys.executable, __file__, "--peer", name, "--output", arguments.output, "--only", arguments.only]
    command += ["--quick"] * arguments.quick + ["--turns"] * arguments.turns
    command += [f"--group={group}" for group in arguments.group]
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
    """Goes through the works with all peers and the caller; the names of those that failed."""
    from works import chosen

    peers = {name: start(name, arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for name in names}
    at_work = [name for name in names if peers[name].stdout.readline()]  # all have loaded before the first begins
    rounds = [
        (work, turn)
        for work in chosen(arguments.group, arguments.only)
        for turn in range(sampler_of(work, arguments).turns)
    ]
    for work, turn in rounds:
        forwards = turn % 2 == 0
        if not forwards and not let_caller_measure(work):
            break
        for name in list(at_work if forwards else reversed(at_work)):
            if not take_turn(peers[name]):
                at_work.remove(name)
        if forwards and not let_caller_measure(work):
            break
    for peer in peers.values():
        peer.stdin.close()
    return [name for name in names if peers[name].wait() != 0]


def let_caller_measure(work):
    """Whether the caller wants more."""
    print(f"turn: {work.name}", flush=True)
    return sys.stdin.readline() != ""


def take_turn(peer):
    """Lets a peer measure its next turn; whether it lives."""
    try:
        print(file=peer.stdin, flush=True)
    except BrokenPipeError:
        return False
    return peer.stdout.readline() != ""


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", default=".", metavar="DIRECTORY", help="where the files go (default: here)")
    parser.add_argument("--only", default="", metavar="TEXT", help="run the works whose names hold this text")
    parser.add_argument(
        "--group", action="append", default=[], metavar="NAME", help="run the works of this group (default: table)"
    )
    parser.add_argument("--list", action="store_true", help="name the works with their groups and inputs, and end")
    parser.add_argument("--quick", action="store_true", help="take few samples")
    parser.add_argument("--turns", action="store_true", help="side by side, with turns for the caller")
    parser.add_argument("--peer", choices=PEERS, help="run this library alone, in this very process")
    return parser.parse_args()


def list_works():
    from works import all_works

    for work in all_works():
        print(work.name, work.group, work.inputs or "-", sep="  ")


def main():
    arguments = parsed()
    if arguments.peer:
        return run_peer(arguments.peer, arguments)
    if importlib.util.find_spec("numpy") is None:
        sys.exit(f"{sys.executable} has no numpy, which makes the data of every peer")
    if arguments.list:
        return list_works()
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
