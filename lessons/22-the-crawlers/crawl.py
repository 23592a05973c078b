"""Counts the sessions with an account that can read no key: python3 crawl.py --help"""
import argparse
import json
import os
import re
import signal
import sys
import time
from itertools import accumulate

import pymysql

PAGE = 50  # Rows of a statement; of larger sessions than 64 KiB, each has a statement of its own
DEEPEST = 512  # Arrays and objects inside one another

SCALAR = re.compile(rb"N;|b:[01];|i:-?\d+;|[rR]:\d+;"
                    rb"|d:(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|-?INF|NAN);")


def expect(pattern, d, at):
    """Returns the match of a pattern that must fit here."""
    if found := re.compile(pattern).match(d, at):
        return found
    raise ValueError("not a session")


def counted(d, at):
    """Returns the end of 3:"Ann or of any other bytes, since their number is known."""
    length = expect(rb'(\d{1,7}):"', d, at)
    return length.end() + int(length[1])


def php_value(d, at, depth=0):
    """Returns the end of the value of PHP that begins here."""
    if scalar := SCALAR.match(d, at):
        return scalar.end()
    kind = expect(rb"[sEaOC]:", d, at)[0]
    at += 2
    if kind in (b"s:", b"E:"):
        return expect(rb'";', d, counted(d, at)).end()
    if kind != b"a:":
        at = expect(rb'":', d, counted(d, at)).end()
    body = expect(rb"(\d{1,7}):\{", d, at)
    at, length = body.end(), int(body[1])
    if depth == DEEPEST:
        raise ValueError("too deep")
    if kind == b"C:":  # Bytes that only the class can read
        return expect(rb"\}", d, at + length).end()
    for _ in range(length):
        expect(rb"[is]", d, at)
        at = php_value(d, php_value(d, at, depth + 1), depth + 1)
    return expect(rb"\}", d, at).end()


def php_names(d):
    """count|i:1;user|s:3:"Ann"; with any bytes in a value, bars too."""
    at = 0
    while at < len(d):
        bar = d.index(b"|", at)
        yield d[at:bar].decode("latin-1")
        at = php_value(d, bar + 1)


def json_names(d):
    """{"v":2,"data":{"count":1}}, or "php" in place of "data" for PHP's bytes."""
    # Names count as they are written: an escape must not turn into a letter.
    text = re.sub(r"\\(?:\\|u[0-9a-fA-F]{4})", r"\\\\", d.decode())
    bare = re.sub(r'"[^"]*"', "", re.sub(r"\\.", "", text))
    if max(accumulate(1 if each in "[{" else -1 for each in re.findall(r"[][{}]", bare))) > DEEPEST:
        raise ValueError("too deep")
    # int() refuses more than 4,300 digits, and NaN, which is not JSON.
    envelope = json.loads(text, parse_int=float, parse_constant=int)
    if len(envelope) == 2 and envelope.get("v") == 2:
        data = envelope.get("data")
        if isinstance(data, (dict, list)):
            return data if isinstance(data, dict) else [""][:len(data)]
        if isinstance(envelope.get("php"), str):
            return ["$php"]
    raise ValueError("not an envelope")


def count_names(d, counts):
    """Counts one session by its format and its variables; `d` is None if it is too large."""
    is_json = d is not None and d.startswith(b'{"v":')
    try:
        if d is None:
            raise ValueError("too large")
        names = set(json_names(d) if is_json else php_names(d))
    except ValueError:
        counts["malformed"] += 1
        return
    counts["json" if is_json else "php" if d else "empty"] += 1
    counts["with count"] += "count" in names
    counts["with user"] += "user" in names
    counts["with other keys"] += bool(names - {"count", "user"})


def rows(cursor, last):
    """Yields every row once, page after page. Without a transaction there is no lock."""
    at, length = 0, PAGE
    while length == PAGE:
        length = cursor.execute(
            "SELECT n, updated, bytes, IF(bytes <= 65536, d, NULL) FROM crawlable"
            " WHERE n > %s AND n <= %s ORDER BY n LIMIT %s", (at, last, PAGE))
        for at, updated, size, d in cursor.fetchall():
            row = updated, size, d
            if size is not None and d is None:
                cursor.execute("SELECT updated, bytes, d FROM crawlable WHERE n = %s", (at,))
                row = cursor.fetchone()
            if row:  # Else it was deleted meanwhile
                yield row


def take_census(lifetime, now):
    """Counts every row, and returns the census as text."""
    counts = dict.fromkeys((
        "rows", "unused", "expired", "alive", "alive under 1 min", "alive under 5 min",
        "alive under 15 min", "alive longer", "empty", "php", "json", "malformed",
        "with count", "with user", "with other keys", "bytes"), 0)
    largest = []
    db = pymysql.connect(
        host=os.environ.get("CRAWL_HOST", "127.0.0.1"), port=int(os.environ.get("CRAWL_PORT", 3306)),
        user=os.environ["CRAWL_USER"],
        password=os.environb.get(b"CRAWL_PASSWORD", b""),  # As bytes: PyMySQL makes Latin-1 of text
        database=os.environ["CRAWL_DATABASE"], autocommit=True,
        connect_timeout=5, read_timeout=5, write_timeout=5)
    with db, db.cursor() as cursor:
        cursor.execute("SET /*M! max_statement_time=2, *//*!50708 max_execution_time=2000, */ lock_wait_timeout=1")
        cursor.execute("SELECT UNIX_TIMESTAMP(), COALESCE(MAX(n), 0) FROM crawlable")
        clock, last = cursor.fetchone()
        now = clock if now is None else now
        for updated, size, d in rows(cursor, last):
            counts["rows"] += 1
            if size is None:  # An id that was issued, and never saved
                counts["unused"] += 1
            elif updated is None or abs(now - updated) > lifetime:
                counts["expired"] += 1
            else:
                age = now - updated
                counts["alive"] += 1
                counts["alive under 1 min" if age < 60 else "alive under 5 min" if age < 300
                       else "alive under 15 min" if age < 900 else "alive longer"] += 1
                counts["bytes"] += size
                largest = sorted([*largest, size], reverse=True)[:3]
                count_names(d, counts)
    lines = [f"time: {now}", *(f"{name}: {count}" for name, count in counts.items())]
    return "\n".join([*lines, " ".join(["largest:", *map(str, largest)]), "", ""])


def whole(text):
    if not re.fullmatch("[0-9]{1,15}", text):
        raise argparse.ArgumentTypeError("must be a whole number")
    return int(text)


def main():
    # Nothing is open that a lock or a transaction hangs on, so the end is at once.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    parser = argparse.ArgumentParser(allow_abbrev=False, description="Counts the sessions.", epilog=(
        "CRAWL_USER, CRAWL_PASSWORD, CRAWL_DATABASE, CRAWL_HOST and CRAWL_PORT name the account. "
        "Exit codes: 0 done, or ended by SIGTERM; 1 the database failed; 2 wrong usage."))
    when = parser.add_mutually_exclusive_group(required=True)
    when.add_argument("--once", action="store_true", help="print one census")
    when.add_argument("--interval", type=whole, metavar="SECONDS", help="print one census after the other")
    parser.add_argument("--lifetime", type=whole, default=1440, metavar="SECONDS", help="session.gc_maxlifetime")
    parser.add_argument("--now", type=whole, metavar="TIME", help="in place of the database's clock")
    options = parser.parse_args()
    for name in ("CRAWL_USER", "CRAWL_DATABASE"):
        if name not in os.environ:
            parser.error(f"{name} is not set")
    if not os.environ.get("CRAWL_PORT", "3306").isdecimal():
        parser.error("CRAWL_PORT is not a number")
    while True:
        try:
            print(take_census(options.lifetime, options.now), end="", flush=True)
        except Exception as error:  # PyMySQL has no one class for an answer that it cannot read
            print(f"crawl.py: {type(error).__name__}: {error}", file=sys.stderr)
            if options.once:
                sys.exit(1)
        if options.once:
            return
        time.sleep(options.interval)


main()
