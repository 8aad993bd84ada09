"""The jobs of a rival that write. It stands before rival.py, which has the rest."""

import contextlib

SOURCE = {}  # the array that is written, by its file: the last one only
UNITS = b"m/s"
DATASET = 4  # elements of a small dataset


def source_of(request):
    path = request["source"]
    if path not in SOURCE:
        SOURCE.clear()
        with open_file(path) as file:
            SOURCE[path] = node_of(file)[:]
    return SOURCE[path]


@contextlib.contextmanager
def new_file(request):
    if LIBRARY == "h5py":
        with h5py.File(request["path"], "w") as file:
            yield file
    else:
        with tables.open_file(request["path"], "w", MAX_BLOSC_THREADS=request.get("workers", 1),
                              PYTABLES_SYS_ATTRS=not request.get("plain", False)) as file:
            yield file


def stages(name):
    """The filter of that name, as each library is told."""
    if LIBRARY == "h5py":
        return {"none": {},
                "gzip": {"compression": "gzip", "compression_opts": 1, "shuffle": True},
                "blosc2": hdf5plugin.Blosc2(cname="zstd", clevel=5, filters=hdf5plugin.Blosc2.SHUFFLE),
                "lz4": hdf5plugin.Blosc(cname="lz4", clevel=5, shuffle=hdf5plugin.Blosc.SHUFFLE)}[name]
    return {"none": None,
            "gzip": tables.Filters(complevel=1, complib="zlib", shuffle=True),
            "blosc2": tables.Filters(complevel=5, complib="blosc2:zstd", shuffle=True),
            "lz4": tables.Filters(complevel=5, complib="blosc:lz4", shuffle=True)}[name]


def write_array(request):
    data = source_of(request)
    with new_file(request) as file:
        if LIBRARY == "h5py":
            file.create_dataset("array", data=data)
        else:
            file.create_array("/", "array", data)
    return data.size


def growing(file, request, data):
    """An empty dataset for data, and what appends rows to it."""
    chunk = tuple(request["chunk"])
    if LIBRARY == "h5py":
        node = file.create_dataset("array", (0, *data.shape[1:]), data.dtype, maxshape=(None, *data.shape[1:]), chunks=chunk,
                                   **stages(request["filter"]))

        def append(rows):
            at = node.shape[0]
            node.resize(at + len(rows), axis=0)
            node[at:] = rows
        return append
    options = {"filters": stages(request["filter"]), "expectedrows": len(data)}
    if not request.get("own_chunk", False):
        options["chunkshape"] = chunk
    if data.dtype.names:
        return file.create_table("/", "array", data.dtype, **options).append
    return file.create_earray("/", "array", tables.Atom.from_dtype(data.dtype), (0, *data.shape[1:]), **options).append


def write_append(request):
    """Appends batches of rows, flushed after each where the request says so."""
    data = appended(request)
    batch = request["batch"]
    with new_file(request) as file:
        append = growing(file, request, data)
        for at in range(0, len(data), batch):
            append(data[at:at + batch])
            if request.get("flush", False):
                file.flush()
    return data.size


def appended(request):
    data = source_of(request)
    if "row" in request:
        data = data.reshape(-1, request["row"])
    return data[:request.get("count", len(data))]


def small(i):
    return np.arange(i, i + DATASET, dtype="f8")


def write_datasets(request):
    """Groups with 100 small datasets each, with two attributes each."""
    units, group = np.bytes_(UNITS), None
    with new_file(request) as file:
        for i in range(request["count"]):
            if LIBRARY == "h5py":
                if i % 100 == 0:
                    group = file.create_group(f"group{i // 100:05}")
                attributes = group.create_dataset(f"array{i % 100:03}", data=small(i)).attrs
            else:
                if i % 100 == 0:
                    group = file.create_group("/", f"group{i // 100:05}")
                attributes = file.create_array(group, f"array{i % 100:03}", small(i)).attrs
            attributes["units"] = units
            attributes["scale"] = np.float64(i)
    return request["count"]


def verify_array(request):
    data = appended(request)
    with open_file(request["path"]) as file:
        node, step = node_of(file), max(1, (64 << 20) // data[:1].nbytes)
        same = tuple(node.shape) == data.shape and all(
            np.array_equal(node[at:at + step], data[at:at + step]) for at in range(0, len(data), step))
    return expect(same, data.size, request)


def verify_datasets(request):
    with open_file(request["path"]) as file:
        for i in range(request["count"]):
            path = f"/group{i // 100:05}/array{i % 100:03}"
            node = file[path] if LIBRARY == "h5py" else file.get_node(path)
            same = np.array_equal(node[...], small(i)) and node.attrs["units"] == UNITS and node.attrs["scale"] == i
            expect(same, 0, request)
    return request["count"]


def expect(same, value, request):
    if not same:
        raise ValueError(f"{request['path']} differs from what was to be written")
    return value


WRITES = {"write_array": write_array, "write_append": write_append, "write_datasets": write_datasets,
          "verify_array": verify_array, "verify_datasets": verify_datasets}
