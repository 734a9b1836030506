# SPDX-License-Identifier: GPL-2.0-only
"""The counters of a running sluiced, read from the page it shares; names and layout from userspace/sys/stats.h."""
import functools
import mmap
import os
import re
import struct

SYS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "userspace", "sys")
WORD = 8  # bytes of each counter


@functools.cache
def _header(name):
    with open(os.path.join(SYS, name)) as f:
        return re.sub(r"/\*.*?\*/", "", f.read().replace("\\\n", " "), flags=re.S)


def _constant(text, name):
    found = re.search(rf"\b{name}\s*=\s*(\d+)", text)
    assert found, f"no number for {name} in userspace/sys"
    return int(found[1])


@functools.cache
def layout(text):
    """[(name, words, is it an array)] in the order of struct worker_stats."""
    lists = {name: re.findall(r"X\(\s*(\w+)", body) for name, body in re.findall(r"#define (\w+)\(X\)(.*)", text)}
    body = re.search(r"struct worker_stats \{(.*?)\n\}", text, flags=re.S)[1]
    body = re.sub(r"(?m)^#.*$", "", body)
    out = []
    for line in body.split("\n"):
        line = line.strip()
        if not line:
            continue
        member = re.fullmatch(r"uint64_t (\w+)(?:\[(\w+)\])?;", line)
        words = re.fullmatch(r"(\w+)\(X\)", line)
        if words:
            out += [(name, 1, False) for name in lists[words[1]]]
        else:
            assert member, f"what is this in struct worker_stats: {line}"
            name, size = member[1], member[2]
            out.append((name, 1 if size is None else int(size) if size.isdigit() else _constant(text, size), bool(size)))
    return out


def read_each(pid):
    """[{name: number, or list for an array}] of the workers there are or were; @pid is one of them."""
    rows = layout(_header("stats.h"))
    total = sum(words for _, words, _ in rows)
    stride = -(-total * WORD // mmap.PAGESIZE) * mmap.PAGESIZE  # whole pages for each
    with open(f"/proc/{pid}/fd/{_constant(_header('channel.h'), 'STATS_FD')}", "rb") as f:
        page = f.read()
    assert page and len(page) % stride == 0, f"{len(page)} bytes in parts of {stride}"
    return [_named(rows, struct.unpack_from(f"={total}Q", page, at)) for at in range(0, len(page), stride)]


def _named(rows, values):
    out = {}
    at = 0
    for name, words, many in rows:
        out[name] = list(values[at:at + words]) if many else values[at]
        at += words
    return out


def read(pid):
    """The sum over all workers."""
    each = read_each(pid)
    return {name: [sum(column) for column in zip(*(e[name] for e in each))] if isinstance(each[0][name], list)
            else sum(e[name] for e in each) for name in each[0]}
