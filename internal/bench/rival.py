"""A rival of the benchmark: takes a request in JSON a line, times it, answers.

The first argument chooses the library: pytables or h5py.
"""

import gc
import json
import math
import queue
import sys
import threading
import time

import numpy as np

LIBRARY = sys.argv[1]
if LIBRARY == "h5py":
    import h5py
    import hdf5plugin  # registers its filters
else:
    import tables


def open_file(path):
    return h5py.File(path, "r") if LIBRARY == "h5py" else tables.open_file(path, "r")


def node_of(file):
    return file["array"] if LIBRARY == "h5py" else file.root.array


def mean_blocks(request):
    """Reads blocks of 256 rows, whole chunks, into memory that is used again."""
    with open_file(request["path"]) as file:
        node, total, step = node_of(file), 0.0, 256
        buffer = np.empty((step, node.shape[1]), node.dtype)
        for start in range(0, node.shape[0], step):
            rows = min(step, node.shape[0] - start)
            if LIBRARY == "h5py":
                node.read_direct(buffer, np.s_[start:start + rows], np.s_[:rows])
            elif rows == step:
                node.read(start, start + rows, out=buffer)
            else:
                buffer[:rows] = node[start:start + rows]
            total += float(buffer[:rows].sum())
        return total / math.prod(node.shape)


LOCK = threading.Lock()


def sum_slice(path, inbox, outbox):
    """A thread of the cookbook's: opens the file, loads its slice, sums, closes."""
    rows = inbox.get()
    with LOCK:
        file = open_file(path)
    try:
        outbox.put(np.sum(node_of(file)[rows, ...]))
    except Exception as fault:
        outbox.put(fault)
    finally:
        with LOCK:
            file.close()


def mean_threads(request):
    """PyTables' cookbook, "Threading": every thread takes one slice of the rows."""
    inbox, outbox, count = queue.Queue(), queue.Queue(), request["workers"]
    threads = [threading.Thread(target=sum_slice, args=(request["path"], inbox, outbox)) for _ in range(count)]
    for thread in threads:
        thread.start()
    rows, columns = request["shape"]
    step = math.ceil(rows / count)
    for start in range(0, step * count, step):
        inbox.put(slice(start, start + step))
    total = 0.0
    for _ in threads:
        part = outbox.get()
        if isinstance(part, Exception):
            raise part
        total += part
    for thread in threads:
        thread.join()
    return total / (rows * columns)


def read_all(request):
    with open_file(request["path"]) as file:
        return node_of(file)[...]


def read_into(request, memory):
    with open_file(request["path"]) as file:
        if LIBRARY == "h5py":
            node_of(file).read_direct(memory)
        else:
            node_of(file).read(out=memory)


def tiles(request):
    edge, total = request["edge"], 0.0
    with open_file(request["path"]) as file:
        node = node_of(file)
        for row, column in request["tiles"]:
            total += float(node[row:row + edge, column:column + edge][0, 0])
    return total


def walk(request):
    with open_file(request["path"]) as file:
        if LIBRARY == "pytables":
            return sum(1 for _ in file.walk_nodes("/"))
        seen = [1]  # the root, which visititems leaves out

        def visit(name, item):
            seen[0] += 1

        file.visititems(visit)
        return seen[0]


def open_close(request):
    total = 0.0
    for _ in range(request["count"]):
        with open_file(request["path"]) as file:
            total += float(node_of(file)[...][0, 0])
    return total


def status(name):
    with open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return 0


def forget_peak():
    """Makes the process's peak memory start again from what it has now."""
    try:
        with open("/proc/self/clear_refs", "w") as out:
            out.write("5")
    except OSError:
        pass


def sample(values):
    return float(values.reshape(-1)[::4097].sum())


def measure(request):
    gc.collect()
    job, memory = request["job"], None
    if job == "read_into":
        memory = np.zeros(request["shape"])
        memory.fill(1.0)  # the pages are there before the clock starts
    jobs = {"mean_blocks": mean_blocks, "mean_threads": mean_threads, "read_all": read_all,
            "tiles": tiles, "walk": walk, "open_close": open_close, **WRITES}
    if "source" in request:
        source_of(request)
    forget_peak()
    start, used = time.perf_counter(), time.process_time()
    value = read_into(request, memory) if job == "read_into" else jobs[job](request)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    peak, mapped = status("VmHWM"), status("RssFile")
    if job == "read_into":
        value = memory
    if isinstance(value, np.ndarray):
        value = sample(value)
    return {"seconds": seconds, "processor": processor, "value": value, "peak": peak, "mapped": mapped}


def main():
    for line in sys.stdin:
        try:
            answer = measure(json.loads(line))
        except Exception as fault:
            answer = {"error": f"{type(fault).__name__}: {fault}"}
        print(json.dumps(answer), flush=True)


main()
