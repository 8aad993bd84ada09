"""Tells what PyTables reads in files, a line of JSON for each node: its class,
shape, attributes and the SHA-256 of its stored bytes.  wanted.json says for
each file and path what type of numpy a leaf's bytes are to be told in, and what
to "skip".
usage: tell_pytables.py FOLDER FILE…"""
import hashlib
import json
import os
import sys
import warnings

import numpy as np
import tables as tb

warnings.simplefilter("ignore")


def dtype(spec):
    """A type of numpy from JSON: text, [base, shape] or fields with offsets."""
    if isinstance(spec, list):
        return np.dtype((dtype(spec[0]), tuple(spec[1])))
    if isinstance(spec, dict):
        return np.dtype(dict(spec, formats=[dtype(x) for x in spec["formats"]]))
    return np.dtype(spec)


def clock(seconds):
    """PyTables keeps seconds above and microseconds below, both signed."""
    whole = np.floor(seconds).astype("i8")
    micro = np.round((seconds - whole) * 1e6).astype("i8")
    return ((whole << 32) | (micro & 0xFFFFFFFF)).astype("<i8").tobytes()


def put(out, a):
    """Copies values into an array of the stored type, gaps left as zeros."""
    if out.dtype.names:
        for n in out.dtype.names:
            put(out[n], a[n])
    else:
        out[...] = a


def stored(a, spec):
    if spec == "time64":
        return clock(np.asarray(a, "f8"))
    want = dtype(spec)
    base = want.subdtype[0] if want.subdtype else want
    a = np.asarray(a)
    out = np.zeros(a.shape, base)
    put(out, a)
    return out.tobytes()


def sha(b):
    return hashlib.sha256(b).hexdigest()


def attributes(node):
    """Numbers and texts of a node's attributes."""
    out = {}
    for name in node._v_attrs._v_attrnames:
        v = node._v_attrs[name]
        if isinstance(v, (np.ndarray, np.generic)) and v.dtype.kind in "iufc":
            out[name] = "%s %s %s" % (v.dtype.str[1:], list(v.shape), sha(np.asarray(v, v.dtype.newbyteorder("<")).tobytes()))
        elif isinstance(v, (str, bytes)):
            out[name] = "text " + (v if isinstance(v, str) else v.decode())
        else:
            out[name] = "other"
    return out


def tell(node, wanted):
    line = {"path": node._v_pathname, "class": type(node).__name__, "attributes": attributes(node)}
    if isinstance(node, tb.Group):
        line["links"] = sorted(node._v_children)
    if isinstance(node, tb.UnImplemented) or not isinstance(node, tb.Leaf):
        return line
    line["shape"] = [int(n) for n in node.shape]
    if isinstance(node, tb.VLArray):
        line["rows"] = [len(r) for r in node]
        line["sha256"] = sha(b"".join(np.asarray(r, np.asarray(r).dtype.newbyteorder("<")).tobytes() for r in node))
    elif wanted.get(node._v_pathname) is not None:
        line["sha256"] = sha(stored(node.read(), wanted[node._v_pathname]))
    return line


def nodes(group, skipped=(), depth=0):
    """All nodes, to a depth that ends where groups hold each other; soft and
    external links are not followed. What can't be opened is its path and the error."""
    yield group
    for name in sorted(set(group._v_children) - set(group._v_links)):
        if group._v_pathname.rstrip("/") + "/" + name in skipped:
            continue
        try:
            n = group._f_get_child(name)
        except Exception as e:
            yield group._v_pathname.rstrip("/") + "/" + name, e
            continue
        if isinstance(n, tb.Group):
            if depth < 12:
                yield from nodes(n, skipped, depth + 1)
        else:
            yield n
            n.close()


def tell_file(name, wanted):
    with tb.open_file(name, "r") as t:
        for n in nodes(t.root, wanted.get("skip", ())):
            if isinstance(n, tuple):
                line = {"path": n[0], "error": "%s: %s" % (type(n[1]).__name__, str(n[1]).strip().split("\n")[-1])}
            else:
                try:
                    line = tell(n, wanted)
                except Exception as e:
                    line = {"path": n._v_pathname, "error": "%s: %s" % (type(e).__name__, str(e).strip().split("\n")[-1])}
            line["file"] = name
            sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    with open("wanted.json") as f:
        WANTED = json.load(f)
    for name in sys.argv[2:]:
        try:
            tell_file(name, WANTED.get(name, {}))
        except Exception as e:
            sys.stdout.write(json.dumps({"file": name, "path": "", "error": "%s: %s" % (type(e).__name__, str(e).strip().split("\n")[-1])}) + "\n")
