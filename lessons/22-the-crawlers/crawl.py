"""Counts the sessions with an account that can read no key: python3 crawl.py --help"""
import argparse
import os
import re
import signal
import sys
import time

import pymysql

PAGE = 100  # Rows of a statement: none is long, and at most 100 MiB are in memory
DEEPEST = 512  # Arrays and objects inside one another, as in PHP's json_decode()

NUMBER = rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
PHP_SCALAR = re.compile(rb"N;|b:[01];|i:-?[0-9]+;|d:(?:%b|-?INF|NAN);|[rR]:[0-9]+;" % NUMBER)
PHP_STRING = re.compile(rb'[sE]:([0-9]{1,7}):"')
PHP_KEY = re.compile(rb'i:-?[0-9]+;|s:[0-9]{1,7}:"')
PHP_ARRAY = re.compile(rb"a:([0-9]{1,7}):\{")
PHP_CLASS = re.compile(rb'[OC]:([0-9]{1,7}):"')
PHP_BODY = re.compile(rb'":([0-9]{1,7}):\{')
JSON_SCALAR = re.compile(rb"true|false|null|%b" % NUMBER)
JSON_STRING = re.compile(
    rb'"([^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*)"')
JSON_SPACE = re.compile(rb"[ \t\n\r]*")


class Malformed(Exception):
    """The bytes are not a session."""


def found(match):
    if match is None:
        raise Malformed
    return match


def after(d, at, text):
    """Returns the end of a text that must begin here."""
    if not d.startswith(text, at):
        raise Malformed
    return at + len(text)


def php_value(d, at, depth=0):
    """Returns the end of the value of PHP that begins here."""
    if scalar := PHP_SCALAR.match(d, at):
        return scalar.end()
    if string := PHP_STRING.match(d, at):  # Its length counts bytes; they may be any bytes
        return after(d, string.end() + int(string[1]), b'";')
    if depth == DEEPEST:
        raise Malformed
    body = PHP_ARRAY.match(d, at)
    if body is None:
        name = found(PHP_CLASS.match(d, at))
        body = found(PHP_BODY.match(d, name.end() + int(name[1])))
        if d.startswith(b"C", at):  # Bytes that only the class can read
            return after(d, body.end() + int(body[1]), b"}")
    at = body.end()
    for _ in range(int(body[1])):
        found(PHP_KEY.match(d, at))
        at = php_value(d, php_value(d, at, depth + 1), depth + 1)
    return after(d, at, b"}")


def php_names(d):
    """count|i:1;user|s:3:"Ann"; with any bytes in a value, bars too."""
    names, at = set(), 0
    while at < len(d):
        bar = d.find(b"|", at)
        if bar < 0:
            raise Malformed
        names.add(d[at:bar])
        at = php_value(d, bar + 1)
    return names


def space(d, at):
    return JSON_SPACE.match(d, at).end()


def json_value(d, at, depth, members):
    """Returns the end of the JSON that begins here, and lists an object's names and values."""
    if scalar := JSON_STRING.match(d, at) or JSON_SCALAR.match(d, at):
        return scalar.end()
    if depth == DEEPEST or d[at:at + 1] not in (b"{", b"["):
        raise Malformed
    close = b"}" if d[at:at + 1] == b"{" else b"]"
    at = space(d, at + 1)
    if d.startswith(close, at):
        return at + 1
    while True:
        name = b""
        if close == b"}":
            text = found(JSON_STRING.match(d, at))
            name, at = text[1], space(d, after(d, space(d, text.end()), b":"))
        members.append((name, at))
        at = space(d, json_value(d, at, depth + 1, []))
        if d.startswith(close, at):
            return at + 1
        at = space(d, after(d, at, b","))


def json_names(d):
    """{"v":2,"data":{"count":1}}, or "php" in place of "data" for PHP's bytes."""
    try:
        d.decode()
    except UnicodeDecodeError:
        raise Malformed from None
    members = []
    if space(d, json_value(d, 0, 0, members)) != len(d) or len(members) != 2:
        raise Malformed
    places = dict(members)
    version = JSON_SCALAR.match(d, places.get(b"v", 0))
    if version is None or version[0] != b"2":
        raise Malformed
    if b"php" in places:
        found(JSON_STRING.match(d, places[b"php"]))
        return {b"$php"}
    at = places.get(b"data", 0)
    if d[at:at + 1] not in (b"{", b"[") or at == 0:
        raise Malformed
    names = []
    json_value(d, at, 1, names)
    return {name for name, _ in names}


def take_census(lifetime, now):
    """Reads every row once, page after page, and returns the census as text."""
    counts = dict.fromkeys((
        "rows", "unused", "expired", "alive", "alive under 1 min", "alive under 5 min",
        "alive under 15 min", "alive longer", "empty", "php", "json", "malformed",
        "with count", "with user", "with other keys", "bytes"), 0)
    largest = []
    db = pymysql.connect(
        host=os.environ.get("CRAWL_HOST", "127.0.0.1"), port=int(os.environ.get("CRAWL_PORT", 3306)),
        user=os.environ["CRAWL_USER"], password=os.environ.get("CRAWL_PASSWORD", ""),
        database=os.environ["CRAWL_DATABASE"], autocommit=True,  # No transaction, no lock
        connect_timeout=5, read_timeout=5, write_timeout=5)
    with db, db.cursor() as cursor:
        cursor.execute("SET /*M! max_statement_time=2, *//*!50708 max_execution_time=2000, */ lock_wait_timeout=1")
        cursor.execute("SELECT UNIX_TIMESTAMP(), COALESCE(MAX(n), 0) FROM crawlable")
        clock, last = cursor.fetchone()
        now = clock if now is None else now
        at = 0
        while at < last:
            cursor.execute(
                "SELECT n, updated, bytes, d FROM crawlable WHERE n > %s AND n <= %s ORDER BY n LIMIT %s",
                (at, last, PAGE))
            page = cursor.fetchall()
            for n, updated, size, d in page:
                at = n
                counts["rows"] += 1
                if size is None:  # An id that was issued, and never saved
                    counts["unused"] += 1
                    continue
                if updated is None or not now - lifetime <= updated <= now + lifetime:
                    counts["expired"] += 1
                    continue
                age = now - updated
                counts["alive"] += 1
                counts["alive under 1 min" if age < 60 else "alive under 5 min" if age < 300
                       else "alive under 15 min" if age < 900 else "alive longer"] += 1
                counts["bytes"] += size
                largest = sorted([*largest, size], reverse=True)[:3]
                count_names(d, counts)
            if len(page) < PAGE:
                break
    lines = [f"time: {now}", *(f"{name}: {count}" for name, count in counts.items())]
    return "\n".join([*lines, " ".join(["largest:", *map(str, largest)]), "", ""])


def count_names(d, counts):
    """Counts one session by its format and its variables; `d` is None if it is too large."""
    try:
        if d is None:
            raise Malformed
        is_json = d.startswith(b'{"v":')
        names = json_names(d) if is_json else php_names(d)
    except Malformed:
        counts["malformed"] += 1
        return
    counts["json" if is_json else "php" if d else "empty"] += 1
    counts["with count"] += b"count" in names
    counts["with user"] += b"user" in names
    counts["with other keys"] += bool(names - {b"count", b"user"})


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
    if not re.fullmatch("[0-9]{1,5}", os.environ.get("CRAWL_PORT", "3306")):
        parser.error("CRAWL_PORT is not a number")
    while True:
        try:
            sys.stdout.write(take_census(options.lifetime, options.now))
            sys.stdout.flush()
        except pymysql.MySQLError as error:
            print(f"crawl.py: {error}", file=sys.stderr)
            if options.once:
                sys.exit(1)
        if options.once:
            return
        time.sleep(options.interval)


main()
