/* Counts the sessions with an account that can read no key: crawl --help */
#include <getopt.h>
#include <mysql.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 50 };     /* Rows of a statement; sessions over 64 KiB have one each */
enum { DEEPEST = 512 }; /* Arrays and objects inside one another */

#define DIGITS "0123456789"

/* A place in the bytes of a session. libmariadb puts a NUL byte behind them, at which each function
   below stops. NULL is the place behind a mistake; each function returns it for itself, so that a
   chain of them needs one check, at its end. */
typedef const char *Place;

/* Where the values of these names are; of all other names, one is enough. */
enum { V, DATA, PHP, COUNT, USER, OTHER, NAMES };
static const char *const known[OTHER] = {"v", "data", "php", "count", "user"};

static void note(Place *names, Place name, size_t length, Place value) {
  int i = 0;
  while (i < OTHER && (strlen(known[i]) != length || memcmp(known[i], name, length))) i++;
  names[i] = value;
}

static Place text(Place at, const char *wanted) {
  size_t length = strlen(wanted);
  return at && !strncmp(at, wanted, length) ? at + length : NULL;
}

static Place digits(Place at) {
  size_t length = at ? strspn(at, DIGITS) : 0;
  return length ? at + length : NULL;
}

static Place after_sign(Place at, const char *signs) {
  return at && *at && strchr(signs, *at) ? at + 1 : at;
}

/* A number as JSON and PHP write it. */
static Place number(Place at) {
  Place whole = after_sign(at, "-"), part;
  at = text(whole, "0") ? whole + 1 : digits(whole);
  if ((part = digits(text(at, ".")))) at = part;
  if (text(at, "e") || text(at, "E"))
    if ((part = digits(after_sign(at + 1, "+-")))) at = part;
  return at;
}

/* A length of one to seven digits. */
static Place size(Place at, long *count) {
  Place behind = digits(at);
  if (!behind || behind - at > 7) return NULL;
  *count = atol(at);
  return behind;
}

static Place skip(Place at, Place end, long count) {
  return at && end - at >= count ? at + count : NULL;
}

/* 3:"Ann" and any other bytes, since their number is known. */
static Place counted(Place at, Place end) {
  long length = 0;
  at = text(size(at, &length), ":\"");
  return text(skip(at, end, length), "\"");
}

static Place php_value(Place at, Place end, int depth) {
  char type = at ? *at : '\0';
  if (type == 'N') return text(at, "N;");
  if (type) at = text(at + 1, ":");
  long count = 0;
  switch (type) {
    case 'b': return text(text(at, "0") || text(at, "1") ? at + 1 : NULL, ";");
    case 'i': return text(digits(after_sign(at, "-")), ";");
    case 'r': case 'R': return text(digits(at), ";");
    case 'd':
      if (text(at, "NAN") || text(at, "INF")) return text(at + 3, ";");
      return text(text(at, "-INF") ? at + 4 : number(at), ";");
    case 's': case 'E': return text(counted(at, end), ";");
    case 'O': case 'C': at = text(counted(at, end), ":"); break;
    case 'a': break;
    default: return NULL;
  }
  at = text(size(at, &count), ":{");
  if (!at || depth == DEEPEST) return NULL;
  if (type == 'C') return text(skip(at, end, count), "}"); /* Only the class can read these */
  for (; at && count > 0; count--) {
    if (*at != 'i' && *at != 's') return NULL;
    at = php_value(php_value(at, end, depth + 1), end, depth + 1);
  }
  return text(at, "}");
}

/* count|i:1;user|s:3:"Ann"; with any bytes in a value, bars too. */
static int php_names(Place at, Place end, Place *names) {
  while (at && at < end) {
    Place bar = memchr(at, '|', (size_t)(end - at));
    if (bar) note(names, at, (size_t)(bar - at), bar);
    at = bar ? php_value(bar + 1, end, 0) : NULL;
  }
  return at != NULL;
}

static Place space(Place at) { return at ? at + strspn(at, " \t\n\r") : NULL; }

static Place json_string(Place at) {
  for (at = text(at, "\""); at && *at != '"'; at++) {
    if ((unsigned char)*at < ' ') return NULL;
    if (*at != '\\') continue;
    if (!*++at || !strchr("\"\\/bfnrtu", *at)) return NULL;
    if (*at != 'u') continue;
    if (strspn(at + 1, DIGITS "abcdefABCDEF") < 4) return NULL;
    at += 4;
  }
  return text(at, "\"");
}

static Place json_value(Place at, int depth, Place *names) {
  Place word, behind;
  if (!at || *at == '"') return json_string(at);
  if ((word = text(at, "true")) || (word = text(at, "false")) || (word = text(at, "null"))) return word;
  if (*at != '{' && *at != '[') return number(at);
  if (depth == DEEPEST) return NULL;
  const int is_object = *at == '{';
  const char *close = is_object ? "}" : "]";
  behind = text(at = space(at + 1), close);
  while (at && !behind) {
    Place name = at, quote = is_object ? json_string(at) : at;
    if (is_object) at = space(text(space(quote), ":"));
    if (at && names) note(names, name + 1, is_object ? (size_t)(quote - name - 2) : 0, at);
    at = space(json_value(at, depth + 1, NULL));
    behind = text(at, close);
    at = space(text(at, ","));
  }
  return behind;
}

/* RFC 3629: no longer form than needed, no half of a pair, nothing above U+10FFFF. */
static int is_utf8(Place at, Place end) {
  while (at < end) {
    unsigned char first = (unsigned char)*at++;
    int more = first < 0x80 ? 0 : first < 0xc2 ? 4 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    unsigned long code = first & (0x7fu >> more);
    if (more == 4 || first > 0xf4) return 0;
    for (int left = more; left > 0; left--, at++) {
      if ((*at & 0xc0) != 0x80) return 0;
      code = code << 6 | (*at & 0x3f);
    }
    if (more == 2 && (code < 0x800 || code >> 11 == 0x1b)) return 0;
    if (more == 3 && (code < 0x10000 || code > 0x10ffff)) return 0;
  }
  return 1;
}

/* {"v":2,"data":{"count":1}}, or "php" in place of "data" for PHP's bytes. */
static int json_names(Place at, Place end, Place *names) {
  Place root[NAMES] = {0};
  if (!is_utf8(at, end) || space(json_value(at, 0, root)) != end) return 0;
  if (!root[V] || strtod(root[V], NULL) != 2) return 0;
  if (!root[DATA] == !root[PHP] || root[COUNT] || root[USER] || root[OTHER]) return 0;
  names[OTHER] = root[PHP];
  if (root[PHP]) return *root[PHP] == '"';
  json_value(root[DATA], 1, names);
  return *root[DATA] == '{' || *root[DATA] == '[';
}

enum {
  ROWS, UNUSED, EXPIRED, ALIVE, UNDER_1, UNDER_5, UNDER_15, LONGER, EMPTY, IN_PHP, IN_JSON,
  MALFORMED, WITH_COUNT, WITH_USER, WITH_OTHERS, BYTES, COUNTS
};
static const char *const labels[COUNTS] = {
    "rows", "unused", "expired", "alive", "alive under 1 min", "alive under 5 min",
    "alive under 15 min", "alive longer", "empty", "php", "json", "malformed",
    "with count", "with user", "with other keys", "bytes"};

/* Counts one session by its format and its variables; `d` is NULL if it is too large. */
static void count_names(Place d, size_t length, unsigned long *counts) {
  Place names[NAMES] = {0};
  int is_json = text(d, "{\"v\":") != NULL;
  if (!d || !(is_json ? json_names : php_names)(d, d + length, names)) {
    counts[MALFORMED]++;
    return;
  }
  counts[is_json ? IN_JSON : length ? IN_PHP : EMPTY]++;
  counts[WITH_COUNT] += names[COUNT] != NULL;
  counts[WITH_USER] += names[USER] != NULL;
  counts[WITH_OTHERS] += names[V] || names[DATA] || names[PHP] || names[OTHER];
}

static void count_row(MYSQL_ROW row, size_t length, long now, long lifetime,
                      unsigned long *counts, unsigned long *largest) {
  counts[ROWS]++;
  if (!row[2]) { /* An id that was issued, and never saved */
    counts[UNUSED]++;
    return;
  }
  long updated = row[1] ? atol(row[1]) : 0, age = now - updated;
  if (!row[1] || updated < now - lifetime || updated > now + lifetime) {
    counts[EXPIRED]++;
    return;
  }
  unsigned long bytes = strtoul(row[2], NULL, 10);
  counts[ALIVE]++;
  counts[age < 60 ? UNDER_1 : age < 300 ? UNDER_5 : age < 900 ? UNDER_15 : LONGER]++;
  counts[BYTES] += bytes;
  for (int i = 0; i < 3; i++) /* Keeps the three largest */
    if (bytes > largest[i]) {
      unsigned long smaller = largest[i];
      largest[i] = bytes;
      bytes = smaller;
    }
  count_names(row[3], length, counts);
}

static MYSQL_RES *ask(MYSQL *db, const char *sql) {
  return mysql_query(db, sql) ? NULL : mysql_store_result(db);
}

/* Reads every row once, page after page, and prints the census; 0 if the database fails. */
static int take_census(MYSQL *db, long lifetime, long now) {
  unsigned long counts[COUNTS] = {0}, largest[3] = {0}, at = 0, last;
  unsigned int seconds = 5;
  my_bool off = 0; /* On the loopback, as the other three: without TLS */
  mysql_options(db, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  mysql_options(db, MYSQL_OPT_READ_TIMEOUT, &seconds);
  mysql_options(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off);
  const char *host = getenv("CRAWL_HOST"), *port = getenv("CRAWL_PORT");
  if (!mysql_real_connect(db, host ? host : "127.0.0.1", getenv("CRAWL_USER"),
                          getenv("CRAWL_PASSWORD"), getenv("CRAWL_DATABASE"),
                          port ? (unsigned)atoi(port) : 3306, NULL, 0) ||
      mysql_query(db, "SET /*M! max_statement_time=2, *//*!50708 max_execution_time=2000, */ "
                      "lock_wait_timeout=1"))
    return 0;
  MYSQL_RES *page = ask(db, "SELECT UNIX_TIMESTAMP(), COALESCE(MAX(n), 0) FROM crawlable");
  if (!page) return 0;
  MYSQL_ROW row = mysql_fetch_row(page);
  if (now < 0) now = atol(row[0]);
  last = strtoul(row[1], NULL, 10);
  mysql_free_result(page);
  for (unsigned long rows = PAGE; rows == PAGE; mysql_free_result(page)) { /* No transaction, no lock */
    char sql[200];
    snprintf(sql, sizeof sql,
             "SELECT n, updated, bytes, IF(bytes <= 65536, d, NULL) FROM crawlable "
             "WHERE n > %lu AND n <= %lu ORDER BY n LIMIT %d", at, last, PAGE);
    if (!(page = ask(db, sql))) return 0;
    rows = mysql_num_rows(page);
    while ((row = mysql_fetch_row(page))) {
      MYSQL_RES *read = page;
      at = strtoul(row[0], NULL, 10);
      if (row[2] && !row[3]) {
        snprintf(sql, sizeof sql, "SELECT n, updated, bytes, d FROM crawlable WHERE n = %lu", at);
        if ((read = ask(db, sql))) row = mysql_fetch_row(read);
      }
      /* By its length: a session may have NUL bytes. Without a row, it was deleted meanwhile. */
      if (read && row) count_row(row, mysql_fetch_lengths(read)[3], now, lifetime, counts, largest);
      if (read != page) mysql_free_result(read ? read : page);
      if (!read) return 0;
    }
  }
  printf("time: %ld\n", now);
  for (int i = 0; i < COUNTS; i++) printf("%s: %lu\n", labels[i], counts[i]);
  printf("largest:");
  for (unsigned i = 0; i < 3 && i < counts[ALIVE]; i++) printf(" %lu", largest[i]);
  printf("\n\n");
  fflush(stdout);
  return 1;
}

static const char usage[] =
    "usage: crawl (--once | --interval SECONDS) [--lifetime SECONDS] [--now TIME]\n\n"
    "Counts the sessions. CRAWL_USER, CRAWL_PASSWORD, CRAWL_DATABASE, CRAWL_HOST and CRAWL_PORT\n"
    "name the account. Exit codes: 0 done, or ended by SIGTERM; 1 the database failed; 2 wrong\n"
    "usage.\n";

static void refuse(const char *what, const char *problem) {
  fprintf(stderr, "%scrawl: %s %s\n", usage, what, problem);
  exit(2);
}

/* A whole number: atol() alone would take " +5x". */
static long whole(const char *name, const char *value) {
  size_t length = strspn(value, DIGITS);
  if (length < 1 || length > 15 || value[length]) refuse(name, "must be a whole number");
  return atol(value);
}

static void end(int signal) {
  (void)signal;
  _exit(0); /* Nothing is open that a lock or a transaction hangs on */
}

int main(int argc, char **argv) {
  static const struct option options[] = {
      {"once", no_argument, NULL, 'o'}, {"interval", required_argument, NULL, 'i'},
      {"lifetime", required_argument, NULL, 'l'}, {"now", required_argument, NULL, 'n'},
      {"help", no_argument, NULL, 'h'}, {0}};
  long interval = -1, lifetime = 1440, now = -1;
  int once = 0;
  signal(SIGTERM, end);
  for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;)
    switch (option) {
      case 'o': once = 1; break;
      case 'i': interval = whole("--interval", optarg); break;
      case 'l': lifetime = whole("--lifetime", optarg); break;
      case 'n': now = whole("--now", optarg); break;
      case 'h': fputs(usage, stdout); return 0;
      case ':': refuse(argv[optind - 1], "needs a value");
      default: refuse(argv[optind - 1], "is unknown");
    }
  if (optind < argc) refuse(argv[optind], "is unknown");
  if (once == (interval >= 0)) refuse("--once or --interval", "must be given");
  if (!getenv("CRAWL_USER")) refuse("CRAWL_USER", "is not set");
  if (!getenv("CRAWL_DATABASE")) refuse("CRAWL_DATABASE", "is not set");
  if (getenv("CRAWL_PORT")) whole("CRAWL_PORT", getenv("CRAWL_PORT"));
  for (;;) {
    MYSQL *db = mysql_init(NULL);
    int done = db && take_census(db, lifetime, now);
    if (!done) fprintf(stderr, "crawl: %s\n", db ? mysql_error(db) : "no memory");
    if (db) mysql_close(db);
    if (once) return done ? 0 : 1;
    sleep((unsigned)interval);
  }
}
