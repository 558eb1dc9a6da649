"""Programs that end while something is still going on. Each must end silently with exit code 0.

`BEGIN` comes first in each. `hanging` is the address of a server that never answers; `box` is a sandbox of the
program's own, which answers at once.
"""

from __future__ import annotations

BEGIN = """
import asyncio, atexit, os, sys, threading, time
import infosecops
from infosecops.sandbox import Sandbox

hanging = sys.argv[1]

def client(**common):
    return infosecops.BambooAgents(hanging, token="t", proxy="direct", **common)

def async_client(**common):
    return infosecops.AsyncBambooAgents(hanging, token="t", proxy="direct", **common)

def go_on_and_leave(call):
    # Calls in daemon threads again and again, and ends the program meanwhile.
    made = threading.Semaphore(0)

    def go_on():
        while True:
            call()
            made.release()

    for _ in range(4):
        threading.Thread(target=go_on, daemon=True).start()
    for _ in range(40):
        made.acquire()

def quietly(tasks):
    # What asyncio itself says about tasks that are left behind is not ours.
    for task in tasks:
        task._log_destroy_pending = False
    return tasks
"""

SCRIPTS = {
    "nothing but a client": """
api, twin = client(), async_client()
""",
    "async calls pending when the main coroutine returns": """
async def main():
    begun = asyncio.Event()
    api = async_client(on_event=lambda event: begun.set())
    tasks = [asyncio.ensure_future(api.request("GET", "/x")) for _ in range(20)]
    await begun.wait()
asyncio.run(main())
""",
    "a loop that is never closed": """
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
begun = asyncio.Event()
api = async_client(on_event=lambda event: begun.set())
tasks = quietly([loop.create_task(api.request("GET", "/x"))])
loop.run_until_complete(begun.wait())
import gc
from asyncio import base_events
base_events.BaseEventLoop.__del__ = lambda loop: None  # asyncio's own warning
""",
    "answers on their way to a loop that is closed": """
box = Sandbox().start()
twin = box.bamboo_agents.async_client()
loop = asyncio.new_event_loop()
tasks = quietly([loop.create_task(twin.tokens.list()) for _ in range(200)])
loop.run_until_complete(asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED))
loop.close()
""",
    "answers on their way to a loop in a daemon thread": """
box = Sandbox().start()
twin = box.bamboo_agents.async_client()
answered = threading.Event()

async def main():
    while True:
        await asyncio.gather(*(twin.tokens.list() for _ in range(20)))
        answered.set()

threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
answered.wait()
""",
    "daemon threads in calls that hang": """
begun = threading.Semaphore(0)
api = client(on_event=lambda event: begun.release())
for _ in range(8):
    threading.Thread(target=lambda: api.request("GET", "/x"), daemon=True).start()
for _ in range(8):
    begun.acquire()
""",
    "daemon threads in calls that are answered": """
box = Sandbox().start()
api = box.bamboo_agents()
answered = threading.Semaphore(0)

def go_on():
    while True:
        api.tokens.list()
        answered.release()

for _ in range(4):
    threading.Thread(target=go_on, daemon=True).start()
for _ in range(8):
    answered.acquire()
""",
    "daemon threads in calls that are logged to a file": """
import logging
logging.basicConfig(filename=os.devnull, level=logging.DEBUG)
box = Sandbox().start()
api = box.bamboo_agents()
go_on_and_leave(api.tokens.list)
""",
    "daemon threads whose credentials come from a file": """
from pathlib import Path
box = Sandbox().start()
file = Path(__file__ if "__file__" in globals() else os.__file__)
token = box.bamboo_agents.token.reveal()

def read():
    file.read_bytes()
    return token

def call():
    with infosecops.BambooAgents(box.bamboo_agents.url, token=read, proxy="direct") as api:
        api.tokens.list()

go_on_and_leave(call)
""",
    "daemon threads with listeners that let others run": """
box = Sandbox().start()
api = box.bamboo_agents(on_event=lambda event: time.sleep(0.0005))
go_on_and_leave(api.tokens.list)
""",
    "daemon threads in listeners that never come back": """
box = Sandbox().start()
begun = threading.Semaphore(0)

def stay(event):
    begun.release()
    threading.Event().wait()

api = box.bamboo_agents(on_event=stay)
for _ in range(4):
    threading.Thread(target=api.tokens.list, daemon=True).start()
for _ in range(4):
    begun.acquire()
""",
    "daemon threads that read what is to be changed": """
box = Sandbox().start()
gl = box.governance_lifecycle()
item = infosecops.Group("Auditors", "CyberArk (REST)")
begun = threading.Semaphore(0)

def changes():
    begun.release()
    while True:
        time.sleep(0.0005)
        yield infosecops.ReviewItemChange("revoke", "nobody", item)

for _ in range(4):
    threading.Thread(target=lambda: gl.update_review_items("UAR", changes()), daemon=True).start()
for _ in range(4):
    begun.acquire()
""",
    "loops of daemon threads with listeners and credentials that let others run": """
box = Sandbox().start()
token = box.bamboo_agents.token.reveal()
answered = threading.Semaphore(0)

async def asked():
    await asyncio.sleep(0.0005)
    return token

async def main():
    while True:
        async with infosecops.AsyncBambooAgents(
            box.bamboo_agents.url, token=asked, proxy="direct", on_event=lambda event: time.sleep(0.0005)
        ) as api:
            await asyncio.gather(*(api.tokens.list() for _ in range(8)))
        answered.release()

for _ in range(4):
    threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
for _ in range(8):
    answered.acquire()
""",
    "a daemon thread in callbacks": """
box = Sandbox().start()
box.jobs.progress("manual")
sde = box.sd_elements(on_event=lambda event: None)
job = sde.jobs.alm.start(12)
told = threading.Event()
threading.Thread(
    target=lambda: sde.jobs.alm.wait(job, poll_interval=0.001, on_progress=lambda job: told.set()), daemon=True
).start()
told.wait()
""",
    "a thread that still has to finish its call": """
box = Sandbox().start()
box.faults.next(delay=0.1)
api = box.bamboo_agents()
threading.Thread(target=lambda: sys.exit(len(api.tokens.list()) != 2)).start()
""",
    "a sandbox and its clients still there": """
box = Sandbox().start()
box.faults.next(hang=True)
api, pam, gl, sde = box.bamboo_agents(), box.sectona(), box.governance_lifecycle(), box.sd_elements()
threading.Thread(target=api.tokens.list, daemon=True).start()
while not box.journal.count():
    box.wait(0.002)
pam.request_password("Unix Based", "web01.example.net", "deploy")
gl.keep_alive()
asyncio.run(box.sd_elements.async_client().jobs.alm.get(sde.jobs.alm.start(12).id))
sys.box = box
""",
    "sys.exit in a callback": """
box = Sandbox().start()
box.jobs.progress("manual")
sde = box.sd_elements()
sde.jobs.alm.wait(sde.jobs.alm.start(12), poll_interval=60.0, on_progress=lambda job: sys.exit(0))
""",
    "sys.exit in an async callback": """
box = Sandbox().start()
box.jobs.progress("manual")

async def leave(job):
    sys.exit(0)

async def main():
    sde = box.sd_elements.async_client()
    await sde.jobs.alm.wait(await sde.jobs.alm.start(12), poll_interval=60.0, on_progress=leave)

asyncio.run(main())
""",
    "sys.exit in a credential": """
infosecops.BambooAgents(hanging, token=lambda: sys.exit(0), proxy="direct").tokens.list()
""",
    "blocking calls at exit": """
box = Sandbox().start()
api = box.bamboo_agents()
atexit.register(lambda: api.tokens.list())
asyncio.run(box.bamboo_agents.async_client().tokens.list())
atexit.register(lambda: api.tokens.list())
api.tokens.list()
""",
    "an environment that changes all the time": """
done = threading.Event()
def change():
    number = 0
    while not done.is_set():
        number += 1
        os.environ[f"CHANGE_{number % 5000}"] = "x" * (number % 50)
thread = threading.Thread(target=change)
thread.start()
for _ in range(20):
    with Sandbox() as box, box.sd_elements() as sde:
        sde.jobs.alm.get(12)
done.set()
thread.join()
""",
    "a forked child that leaves by the interpreter's end": """
import warnings
warnings.simplefilter("ignore")  # forking with threads is the point
if hasattr(os, "fork"):
    box = Sandbox().start()
    api, twin = box.bamboo_agents(), box.bamboo_agents.async_client()
    api.tokens.list()
    asyncio.run(twin.tokens.list())
    child = os.fork()
    api.tokens.list()
    asyncio.run(twin.tokens.list())
    if child:
        assert os.waitpid(child, 0)[1] == 0
""",
    "async calls in a hook that runs after the engine's own": """
box = Sandbox().start()
token = box.bamboo_agents.token.reveal()
async def asked():
    return token
def late():
    async def main():
        twin = infosecops.AsyncBambooAgents(box.bamboo_agents.url, token=asked, proxy="direct")
        assert len(await asyncio.gather(*(twin.tokens.list() for _ in range(20)))) == 20
    asyncio.run(main())
atexit.register(late)
asyncio.run(box.bamboo_agents.async_client().tokens.list())
""",
    "async calls in a hook, the first of the program": """
box = Sandbox().start()
twin = box.bamboo_agents.async_client()
atexit.register(lambda: asyncio.run(twin.tokens.list()))
""",
    "a call cancelled in a late hook": """
def late():
    async def main():
        begun = asyncio.Event()
        task = asyncio.ensure_future(async_client(on_event=lambda event: begun.set()).request("GET", "/x"))
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    asyncio.run(main())
atexit.register(late)
box = Sandbox().start()
asyncio.run(box.bamboo_agents.async_client().tokens.list())
""",
}
