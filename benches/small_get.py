"""Small sequential GETs with keep-alive: this package beside the clients that people use instead.

Every round runs each client once, in a new random order and a fresh process, against one sandbox in a process of its
own. What counts are the medians of the per-round ratios: the times of one machine say nothing about another.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time

CALLS = 2000
ROUNDS = 5
PATH = "/rest/agent-config/1.0/tokens/"
HEADERS = ("Authorization", "Accept")


def infosecops_calls(url: str, token: str) -> object:
    from infosecops import BambooAgents

    api = BambooAgents(url, token=token, proxy="direct", api="agent-config")
    return lambda: api.tokens.list()[0].name


def requests_calls(url: str, token: str) -> object:
    import requests

    session = requests.Session()
    session.trust_env = False
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return lambda: session.get(url + PATH, headers=headers, timeout=30).json()[0]["name"]


def httpx_calls(url: str, token: str) -> object:
    import httpx

    session = httpx.Client(trust_env=False, timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return lambda: session.get(url + PATH, headers=headers).json()[0]["name"]


def urllib3_calls(url: str, token: str) -> object:
    import urllib3

    pool = urllib3.PoolManager(timeout=30)
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return lambda: pool.request("GET", url + PATH, headers=headers).json()[0]["name"]


CLIENTS = {
    "infosecops": infosecops_calls,
    "requests": requests_calls,
    "httpx": httpx_calls,
    "urllib3": urllib3_calls,
}


def measure(name: str, url: str, token: str) -> None:
    """Run one client in this process and print its times in microseconds per call."""
    call = CLIENTS[name](url, token)
    for _ in range(100):
        call()
    used = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    for _ in range(CALLS):
        call()
    wall = time.perf_counter() - began
    spent = resource.getrusage(resource.RUSAGE_SELF)
    cpu = spent.ru_utime + spent.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"wall": wall / CALLS * 1e6, "cpu": cpu / CALLS * 1e6}))


def serve() -> None:
    """Serve until the parent closes our input."""
    from infosecops.sandbox import Sandbox

    with Sandbox() as box:
        print(json.dumps({"url": box.url, "token": box.bamboo_agents.token.reveal()}), flush=True)
        sys.stdin.read()


def run() -> None:
    """Measure all, print the table."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    server = subprocess.Popen(
        [sys.executable, __file__, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        place = json.loads(server.stdout.readline())
        rounds: list[dict[str, dict[str, float]]] = []
        for _ in range(ROUNDS):
            results = {}
            for name in random.sample(sorted(CLIENTS), len(CLIENTS)):
                command = [sys.executable, __file__, "measure", name, place["url"], place["token"]]
                done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
                results[name] = json.loads(done.stdout)
            rounds.append(results)
    finally:
        server.stdin.close()
        server.wait(30)
    print(f"{CALLS} small GETs, keep-alive, median of {ROUNDS} rounds; x: the other's figure divided by ours")
    print(f"{'client':<12}{'wall us':>10}{'cpu us':>10}{'x wall':>10}{'x cpu':>10}")
    for name in CLIENTS:
        wall, cpu = (statistics.median(each[name][kind] for each in rounds) for kind in ("wall", "cpu"))
        ratios = (
            statistics.median(each[name][kind] / each["infosecops"][kind] for each in rounds)
            for kind in ("wall", "cpu")
        )
        print(f"{name:<12}{wall:>10.1f}{cpu:>10.1f}" + "".join(f"{ratio:>10.2f}" for ratio in ratios))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure", name, url, token]:
            measure(name, url, token)
        case ["serve"]:
            serve()
        case _:
            run()
